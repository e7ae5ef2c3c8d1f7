package e2e

import (
	"strings"
	"testing"
)

// TestSysprep reads from the floppies of Windows guests what they would be told.
// Most of them stay paused: there is no Windows to install here.
func TestSysprep(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	e.copyISO(t, isoFile, "windows-xp.iso")
	e.writeISO(t, "virtio-win_x86.vfd", floppyImage("drivers"))
	if output, err := e.toolWith("J0in: the;domain\n", "domain", "set", "corp.example.com", "--join-user", `CORP\joiner`); err != nil {
		t.Fatalf("adding a domain: %v: %s", err, output)
	}
	t.Run("stored, sysprep.inf", func(t *testing.T) { storedINF(t, e) })
	t.Run("stored, Unattend.xml", func(t *testing.T) { storedUnattend(t, e) })
	t.Run("the example of the specification", func(t *testing.T) { printedJoin(t, e) })
	t.Run("a known domain", func(t *testing.T) { knownDomain(t, e) })
	t.Run("read by a guest", func(t *testing.T) { readByGuest(t, e) })
	t.Run("refused", func(t *testing.T) { sysprepRefused(t, e) })
}

// createWindows makes a VM with a name for its guest, as its own is too long.
func (e *engine) createWindows(t *testing.T, kind, initialization string) *vm {
	t.Helper()
	v := e.create(t)
	e.call(t, "PUT", v.path(), `<vm><os type="`+kind+`"><kernel></kernel><initrd></initrd><cmdline></cmdline></os>
		<initialization><host_name>DESK-7</host_name>`+initialization+`</initialization></vm>`)
	v.addDisk(t, "16777216")
	return v
}

func storedINF(t *testing.T, e *engine) {
	v := e.createWindows(t, "windows_xp", `<root_password>pass,word; 1</root_password><org_name>Example, Inc.</org_name>
		<user_name>Jane Doe</user_name><timezone>W. Europe Standard Time</timezone>
		<windows_license_key>ABCDE-12345-ABCDE-12345-ABCDE</windows_license_key>
		<input_locale>0407:00000407</input_locale><ui_language>00000407</ui_language>
		<system_locale>00000407</system_locale><user_locale>00000409</user_locale>`)
	v.act(t, "start", "<pause>true</pause><use_sysprep>true</use_sysprep>")
	v.await(t, "paused")
	told := readINI(t, v.answerFile(t, "fda", "sysprep.inf"))
	for key, want := range map[string]string{
		"GuiUnattended/AdminPassword": "pass,word; 1", "GuiUnattended/TimeZone": "110", "Unattended/OemSkipEula": "Yes",
		"UserData/ComputerName": "DESK-7", "UserData/OrgName": "Example, Inc.", "UserData/FullName": "Jane Doe",
		"UserData/ProductKey":          "ABCDE-12345-ABCDE-12345-ABCDE",
		"Identification/JoinWorkgroup": "WORKGROUP", "Identification/JoinDomain": "",
		"RegionalSettings/InputLocale": "0407:00000407", "RegionalSettings/Language": "00000407",
		"RegionalSettings/SystemLocale": "00000407", "RegionalSettings/UserLocale": "00000409",
	} {
		if told[key] != want {
			t.Errorf("%s is %q, want %q", key, told[key], want)
		}
	}
	v.endsPrepared(t)
}

func storedUnattend(t *testing.T, e *engine) {
	v := e.createWindows(t, "windows_7x64", `<root_password>&lt;"ä" &amp; 'b'&gt;</root_password><org_name>Exämple &amp; Co</org_name>
		<user_name>Jané</user_name><timezone>W. Europe Standard Time</timezone>
		<windows_license_key>ABCDE-12345-ABCDE-12345-ABCDE</windows_license_key>
		<input_locale>de-DE</input_locale><ui_language>de-DE</ui_language>
		<system_locale>de-AT</system_locale><user_locale>fr-FR</user_locale>`)
	v.act(t, "start", "<pause>true</pause><use_sysprep>true</use_sysprep>")
	v.await(t, "paused")
	told := readUnattend(t, v.answerFile(t, "fda", "Unattend.xml"))
	for key, want := range map[string]string{
		"specialize Shell-Setup ComputerName": "DESK-7", "specialize Shell-Setup TimeZone": "W. Europe Standard Time",
		"specialize Shell-Setup ProductKey":             "ABCDE-12345-ABCDE-12345-ABCDE",
		"specialize Shell-Setup RegisteredOrganization": "Exämple & Co", "specialize Shell-Setup RegisteredOwner": "Jané",
		"specialize UnattendedJoin Identification/JoinWorkgroup":          "WORKGROUP",
		"specialize UnattendedJoin Identification/JoinDomain":             "",
		"oobeSystem Shell-Setup UserAccounts/AdministratorPassword/Value": `<"ä" & 'b'>`,
		"oobeSystem International-Core InputLocale":                       "de-DE",
		"oobeSystem International-Core UILanguage":                        "de-DE",
		"oobeSystem International-Core SystemLocale":                      "de-AT",
		"oobeSystem International-Core UserLocale":                        "fr-FR",
	} {
		if got := told.text(t, key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	v.endsPrepared(t)
}

// printedJoin sends example 15.47 to guests that are Windows: the floppy that it
// names is in the first drive, what joins the domain in the second.
func printedJoin(t *testing.T, e *engine) {
	host := e.call(t, "GET", "/hosts?search=name%3Dlocal", "").body.at("host").attr("id")
	for _, kind := range []string{"windows_xp", "windows_7x64"} {
		v := e.createWindows(t, kind, "")
		said := e.call(t, "POST", v.path()+"/start", strings.ReplaceAll(example1547, "HOST", host))
		if said.code != 202 || strings.Contains(said.text, "domain_password") {
			t.Errorf("the example was answered %d: %s", said.code, said.text)
		}
		v.await(t, "paused")
		if path := v.floppyIn(t, "fda"); !strings.HasSuffix(path, "/virtio-win_x86.vfd") {
			t.Errorf("the first floppy is %s", path)
		}
		var told [3]string
		if kind == "windows_xp" {
			inf := readINI(t, v.answerFile(t, "fdb", "sysprep.inf"))
			told = [3]string{inf["Identification/JoinDomain"], inf["Identification/DomainAdmin"], inf["Identification/DomainAdminPassword"]}
		} else {
			told = readUnattend(t, v.answerFile(t, "fdb", "Unattend.xml")).join(t)
		}
		if told != [3]string{"domain.example.com", "domain_user", "domain_password"} {
			t.Errorf("%s is told to join %v", kind, told)
		}
		v.endsPrepared(t)
	}
}

// knownDomain: the engine has an account for it, which joins the guest whether the
// run or the VM names the domain.
func knownDomain(t *testing.T, e *engine) {
	v := e.createWindows(t, "windows_7x64", "<domain>corp.example.com</domain>")
	for _, start := range []string{
		`<vm><domain><name>Corp.Example.com</name></domain></vm>`, "<use_sysprep>true</use_sysprep>",
	} {
		v.act(t, "start", "<pause>true</pause>", start)
		v.await(t, "paused")
		told := readUnattend(t, v.answerFile(t, "fda", "Unattend.xml"))
		if got := told.join(t); !strings.EqualFold(got[0], "corp.example.com") || got[1] != "joiner" || got[2] != "J0in: the;domain" {
			t.Errorf("the guest is told to join %v", got)
		}
		if domain := told.text(t, "specialize UnattendedJoin Identification/Credentials/Domain"); domain != "CORP" {
			t.Errorf("the account is one of %q", domain)
		}
		v.endsPrepared(t)
	}
}

// readByGuest: what Windows has for hardware is enough for another guest to find
// the floppy.
func readByGuest(t *testing.T, e *engine) {
	for _, name := range []string{hardwareKernelFile, hardwareInitrdFile} {
		e.putISO(t, guestFolder, name)
	}
	v := e.createWindows(t, "windows_7x64", "")
	e.call(t, "PUT", v.path(), `<vm><memory>268435456</memory><os><kernel>iso://`+hardwareKernelFile+`</kernel>
		<initrd>iso://`+hardwareInitrdFile+`</initrd><cmdline>console=ttyS0 quiet no_timer_check cryptomgr.notests</cmdline></os></vm>`)
	v.act(t, "start", "<use_sysprep>true</use_sysprep>")
	v.await(t, "up")
	v.inside(t, "while [ ! -e /run/vireo/hardware ]; do sleep 1; done; mkdir -p /tmp/f; mount -t vfat -o ro /dev/fd0 /tmp/f")
	want := strings.TrimSpace(v.answerFile(t, "fda", "Unattend.xml"))
	v.shows(t, "cat /tmp/f/Unattend.xml", want)
	v.endsPrepared(t)
}

func sysprepRefused(t *testing.T, e *engine) {
	windows, linux := e.createWindows(t, "windows_7x64", ""), e.create(t)
	const both = `<use_sysprep>true</use_sysprep><use_cloud_init>true</use_cloud_init>`
	join := func(text string) string { return "<vm><domain>" + text + "</domain></vm>" }
	for _, c := range []struct {
		v    *vm
		code int
		body string
		says string
	}{
		{windows, 400, join("<name>else.example.com</name>"), "a user name and a password are needed"},
		{windows, 400, join("<name>else.example.com</name><user><user_name>u</user_name></user>"), "[Cannot run VM. Missing UserName or Password.]"},
		{windows, 400, join("<name>corp.example.com</name><user><password>geheim</password></user>"), "[Cannot run VM. Missing UserName or Password.]"},
		{windows, 409, both, "Cannot use sysprep and cloud_init tags simultaneously when running VM."},
		{linux, 409, both, "Cannot use sysprep and cloud_init tags simultaneously when running VM."},
		{linux, 400, "<use_sysprep>true</use_sysprep>", "Sysprep initializes Windows"},
	} {
		before := c.v.configuration(t)
		said := e.refused(t, c.code, "POST", c.v.path()+"/start", "<action>"+c.body+"</action>")
		if !strings.Contains(said.text, c.says) || strings.Contains(said.text, "geheim") {
			t.Errorf("%s was refused with %s", c.body, said.text)
		}
		c.v.untouched(t, before)
	}
}
