package e2e

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestSecrets gives secrets in every way that there is, to guests that start, that
// cannot, and whose engine is killed meanwhile, and looks for them in all that was
// written anywhere.
func TestSecrets(t *testing.T) {
	t.Parallel()
	s := newSecrecy(t)
	s.feed(t, s.secret("JoinPassword")+"\n", "domain", "set", "corp.example.com", "--join-user", "joiner")
	s.accepted(t, "PUT", s.v.path(), "<vm>"+s.initialization("Stored")+s.payload("floppy")+"</vm>")
	s.accepted(t, "PUT", s.windows.path(), `<vm><os><type>windows_xp</type></os><initialization>
		<windows_license_key>`+s.license+`</windows_license_key>
		<root_password>`+s.secret("Administrator")+`</root_password>
	</initialization>`+s.payload("cdrom")+"</vm>")
	s.nowhere(t, "when they are stored")

	for _, part := range []struct {
		name string
		test func(*testing.T, *secrecy)
	}{
		{"a run", secretsOfARun},
		{"sysprep", secretsOfSysprep},
		{"refusals", secretsOfRefusals},
		{"malformed", secretsInMalformedBodies},
		{"kills", secretsAfterKills},
		{"the key is lost", secretsWithoutKey},
	} {
		t.Run(part.name, func(t *testing.T) { part.test(t, s) })
	}
}

// initialization has every secret that cloud-init is given.
func (s *secrecy) initialization(which string) string {
	return `<initialization>
		<root_password>` + s.secret(which+"RootPassword") + `</root_password>
		<cloud_init>
			<users><user><user_name>bob</user_name><password>` + s.secret(which+"UserPassword") + `</password></user></users>
			<files>
				<file><name>/srv/plain</name><content>` + s.secret(which+"File") + `</content><type>plaintext</type></file>
				<file><name>/srv/coded</name><content>` + s.coded(which+"Coded") + `</content><type>base64</type></file>
			</files>
		</cloud_init>
		<custom_script>runcmd: ["echo ` + s.secret(which+"Script") + `"]</custom_script>
	</initialization>`
}

func (s *secrecy) payload(kind string) string {
	return `<payloads><payload type="` + kind + `"><files>
		<file><name>plain.txt</name><content>` + s.secret("Payload") + `</content></file>
		<file><name>coded.txt</name><content>` + s.coded("CodedPayload") + `</content><type>base64</type></file>
	</files></payload></payloads>`
}

// run is a start with secrets of its own.
func (s *secrecy) run(more string) string {
	return "<action><vm>" + s.initialization("Once") + more + "</vm></action>"
}

// secretsOfARun follows a guest through its life.
func secretsOfARun(t *testing.T, s *secrecy) {
	v := s.v
	s.accepted(t, "POST", v.path()+"/start", s.run(""))
	v.await(t, "up")
	s.hasSeeds(t, v, 2)
	s.nowhere(t, "while the guest runs", v)
	var shown []string
	for _, which := range []string{"StoredFile", "StoredCoded", "StoredScript", "CodedPayload", "Payload"} {
		shown = append(shown, s.secret(which))
	}
	for _, format := range []string{"xml", "json"} {
		s.crawl(t, format)
		s.crawl(t, format, shown...)
	}

	backup := filepath.Join(t.TempDir(), "backup")
	s.feed(t, "", "backup", backup)
	s.feed(t, "", "domain", "list")
	for _, path := range []string{backup, backup + ".key", filepath.Join(s.e.dataDir, "secrets.key")} {
		s.closed(t, path)
	}

	s.accepted(t, "POST", v.path()+"/suspend", "<action/>")
	v.await(t, "suspended")
	s.noSeeds(t, v)
	s.savedIsClosed(t)
	s.refusedStart(t, "of a suspended VM", s.v, s.run(""))
	s.accepted(t, "POST", v.path()+"/start", "<action/>")
	v.await(t, "up")
	s.hasSeeds(t, v, 2)
	s.nowhere(t, "after a suspend", v)
	v.act(t, "stop")
	v.await(t, "down")
	s.noSeeds(t, v)
	s.nowhere(t, "after the run")
}

// savedIsClosed: the memory of a guest holds what the guest has read.
func (s *secrecy) savedIsClosed(t *testing.T) {
	t.Helper()
	saved, err := filepath.Glob(filepath.Join(s.e.dataDir, "storage", "local-data", "*", "images", "*", "*"))
	if err != nil || len(saved) == 0 {
		t.Fatalf("the saved state: %v, %v", saved, err)
	}
	for _, file := range saved {
		if filepath.Ext(file) == "" {
			s.closed(t, file)
		}
	}
}

// secretsOfSysprep: an account of the request, and one that the engine knows.
func secretsOfSysprep(t *testing.T, s *secrecy) {
	for _, domain := range []string{
		"<name>other.example.com</name><user><user_name>joiner</user_name><password>" + s.secret("DomainPassword") + "</password></user>",
		"<name>corp.example.com</name>",
	} {
		s.accepted(t, "POST", s.windows.path()+"/start", "<action><pause>true</pause><vm><domain>"+domain+"</domain></vm></action>")
		s.windows.await(t, "paused")
		s.hasSeeds(t, s.windows, 2)
		s.nowhere(t, "while Windows runs", s.windows)
		s.windows.act(t, "stop")
		s.windows.await(t, "down")
		s.noSeeds(t, s.windows)
	}
	s.nowhere(t, "after sysprep")
}

// refusedStart sends a start that must be refused, and wants all to be as it was.
func (s *secrecy) refusedStart(t *testing.T, why string, v *vm, body string) {
	t.Helper()
	before := v.status(t)
	said := s.send(t, "xml", "POST", v.path()+"/start", body)
	if said.code < 400 || said.code > 499 {
		t.Errorf("a start %s was answered %d: %s", why, said.code, said.text)
	}
	v.await(t, before)
	s.noSeeds(t, v)
}

func secretsOfRefusals(t *testing.T, s *secrecy) {
	once := func(elements string) string { return "<action><vm>" + elements + "</vm></action>" }
	for why, body := range map[string]string{
		"with a bad script":       once("<initialization><root_password>" + s.secret("A") + "</root_password><custom_script>runcmd: [" + s.secret("B") + "</custom_script><cloud_init/></initialization>"),
		"with a script of a list": once("<initialization><custom_script>- " + s.secret("A") + "</custom_script><cloud_init/></initialization>"),
		"with a bad key":          once("<initialization><root_password>" + s.secret("A") + "</root_password><authorized_ssh_keys>ssh-rsa " + s.secret("B") + "</authorized_ssh_keys><cloud_init/></initialization>"),
		"with a bad address": once(`<initialization><root_password>` + s.secret("A") + `</root_password><cloud_init/><nic_configurations><nic_configuration><name>eth0</name>
			<boot_protocol>static</boot_protocol><ip address="1.2.3" netmask="255.255.255.0"/></nic_configuration></nic_configurations></initialization>`),
		"with a missing floppy":       s.run(`<floppies><floppy><file id="missing.vfd"/></floppy></floppies>`),
		"with a missing CD":           s.run(`<cdroms><cdrom><file id="missing.iso"/></cdrom></cdroms>`),
		"with a path for a CD":        s.run(`<cdroms><cdrom><file id="../secrets.key"/></cdrom></cdroms>`),
		"on a host that is not":       s.run(`<placement_policy><host id="` + s.v.id + `"/></placement_policy>`),
		"with an unknown property":    s.run(`<custom_properties><custom_property name="none" value="x"/></custom_properties>`),
		"with both flags":             strings.Replace(s.run(""), "</action>", "<use_sysprep>true</use_sysprep><use_cloud_init>true</use_cloud_init></action>", 1),
		"with sysprep for Linux":      strings.Replace(s.run(""), "</action>", "<use_sysprep>true</use_sysprep><use_cloud_init>false</use_cloud_init></action>", 1),
		"with a payload in no coding": s.run(`<payloads><payload type="cdrom"><files><file><name>a</name><content>` + s.secret("A") + `!</content><type>base64</type></file></files></payload></payloads>`),
	} {
		s.refusedStart(t, why, s.v, body)
	}
	for why, elements := range map[string]string{
		"of Windows without a user":  "<domain><name>other.example.com</name><user><password>" + s.secret("A") + "</password></user></domain>",
		"of Windows with a bad key":  "<domain><name>corp.example.com</name></domain><initialization><windows_license_key>" + s.secret("A") + "</windows_license_key></initialization>",
		"of Windows with bad answer": "<domain><name>corp.example.com</name></domain><initialization><root_password>" + s.secret("A") + "&quot;%</root_password></initialization>",
	} {
		s.refusedStart(t, why, s.windows, once(elements))
	}
	huge := s.e.create(t)
	s.accepted(t, "PUT", huge.path(), "<vm><memory>1099511627776</memory></vm>")
	s.refusedStart(t, "on a host that is full", huge, s.run(""))
	for why, body := range map[string]string{
		"a name that is taken": "<vm><name>" + s.v.name + "</name><cluster><name>Default</name></cluster><template><name>Blank</name></template>" + s.initialization("A") + "</vm>",
		"a payload too large": "<vm><name>other</name><cluster><name>Default</name></cluster><template><name>Blank</name></template><payloads><payload type=\"cdrom\"><files><file><name>a</name><content>" +
			s.secret("A") + strings.Repeat(" ", 200_000) + "</content></file></files></payload></payloads></vm>",
	} {
		if said := s.send(t, "xml", "POST", "/vms", body); said.code < 400 || said.code > 499 {
			t.Errorf("a VM with %s was answered %d: %s", why, said.code, said.text)
		}
	}
	s.startRefusedByHost(t)
	s.nowhere(t, "after refusals")
}

// startRefusedByHost: a guest that nobody knows has the name.
func (s *secrecy) startRefusedByHost(t *testing.T) {
	t.Helper()
	s.p.define(t, `<domain type="qemu"><name>`+s.v.name+`</name><memory unit="MiB">32</memory><os><type>hvm</type></os></domain>`)
	s.refusedStart(t, "that the host refuses", s.v, strings.Replace(s.run(""), "</action>", "<async>false</async></action>", 1))
	s.p.must(t, "undefine", s.v.name)
}

// secretsInMalformedBodies: what cannot be read is not repeated.
func secretsInMalformedBodies(t *testing.T, s *secrecy) {
	secret := s.secret("A")
	for _, password := range []string{
		secret, secret + "</password>", "&" + secret + ";", "<" + secret + ">", "</" + secret + ">", "<a " + secret + ">", "<![CDATA[" + secret, "<!ENTITY a '" + secret + "'>", secret + "\x00", secret + "\xff",
	} {
		if said := s.send(t, "xml", "PUT", s.v.path(), "<vm><initialization><root_password>"+password+"</vm>"); said.code != 400 {
			t.Errorf("%q was answered %d: %s", password, said.code, said.text)
		}
	}
	for _, value := range []string{`"` + secret, secret, `["` + secret + `"]`, `{"a": "` + secret + `"}`, `"` + secret + `\x"`, `"` + secret + `"]`} {
		if said := s.send(t, "json", "PUT", s.v.path(), `{"initialization": {"root_password": `+value+`}}`); said.code != 400 {
			t.Errorf("%q was answered %d: %s", value, said.code, said.text)
		}
	}
	s.nowhere(t, "after malformed bodies")
}

// secretsAfterKills kills the engine at steps of a run, and anywhere.
func secretsAfterKills(t *testing.T, s *secrecy) {
	v := s.v
	for _, crash := range []struct {
		point, action string
		from          []string
	}{
		{point: "launch/boot", action: "start"},
		{point: "launch/boot/done", action: "start"},
		{point: "save/save/done", action: "suspend", from: []string{"start"}},
		{point: "restore/restore/done", action: "start", from: []string{"start", "suspend"}},
		{point: "destroy/destroy/done", action: "stop", from: []string{"start"}},
	} {
		t.Run(crash.point, func(t *testing.T) {
			s.bring(t, crash.from)
			s.restart(t, s.e.stop, "VIREO_CRASH_AT="+crash.point)
			body := "<action/>"
			if len(crash.from) == 0 {
				body = s.run("")
			}
			_, _ = s.e.try("POST", v.path()+"/"+crash.action, body)
			s.afterDeath(t)
		})
	}
	rounds := 2
	if soak {
		rounds = 30
	}
	for range rounds {
		delay := rand.N(150 * time.Millisecond)
		t.Run(fmt.Sprint("after ", delay), func(t *testing.T) {
			asked := make(chan struct{})
			go func() {
				defer close(asked)
				_, _ = s.e.try("POST", v.path()+"/start", s.run(""))
			}()
			<-time.After(delay)
			s.e.kill(t)
			<-asked
			s.afterDeath(t)
		})
	}
}

// bring starts the VM with secrets, and goes on from there.
func (s *secrecy) bring(t *testing.T, actions []string) {
	t.Helper()
	for _, action := range actions {
		if action == "start" {
			s.accepted(t, "POST", s.v.path()+"/start", s.run(""))
			s.v.await(t, "up")
		} else {
			s.v.act(t, action)
			s.v.await(t, "suspended")
		}
	}
}

// afterDeath searches behind an engine that has died, and behind the next one.
func (s *secrecy) afterDeath(t *testing.T) {
	t.Helper()
	s.e.awaitEnd(t)
	s.nowhere(t, "after the engine's death", s.v)
	s.restart(t, func(*testing.T) {})
	s.v.recovers(t, nil)
	s.noSeeds(t, s.v)
	s.nowhere(t, "after the recovery")
}

// secretsWithoutKey: starts that need a lost secret are refused, others are not,
// and secrets that are given anew are as good as the old ones.
func secretsWithoutKey(t *testing.T, s *secrecy) {
	v := s.v
	s.restart(t, func(t *testing.T) {
		s.e.stop(t)
		if err := os.Remove(filepath.Join(s.e.dataDir, "secrets.key")); err != nil {
			t.Fatal(err)
		}
	})
	const sentence = "sealed with another key"
	said := s.e.refused(t, 409, "POST", v.path()+"/start", "<action><use_cloud_init>true</use_cloud_init></action>")
	if !strings.Contains(said.text, sentence) {
		t.Errorf("the refusal says %s", said.text)
	}
	s.crawl(t, "xml")
	v.e.call(t, "PUT", v.path(), "<vm><payloads/></vm>")
	v.up(t)
	v.act(t, "stop")
	v.await(t, "down")
	v.e.call(t, "PUT", v.path(), "<vm><initialization/></vm>")
	s.accepted(t, "PUT", v.path(), "<vm>"+s.initialization("New")+"</vm>")
	v.act(t, "start", "<use_cloud_init>true</use_cloud_init>")
	v.await(t, "up")
	s.hasSeeds(t, v, 1)
	v.act(t, "stop")
	v.await(t, "down")
	s.noSeeds(t, v)
	s.nowhere(t, "after the key was lost")
}
