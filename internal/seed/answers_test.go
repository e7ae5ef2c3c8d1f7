package seed

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func someAnswers(osType string) Answers {
	return Answers{
		OSType: osType, ComputerName: "WIN-1",
		Domain: "domain.example.com", DomainUser: "domain_user", DomainPassword: "domain <p&ss>;,=",
		ActiveDirectoryOU: "OU=servers,DC=domain,DC=example,DC=com",
		AdminPassword:     "adm'n]]> p;ss", TimeZone: "W. Europe Standard Time",
		ProductKey: "AAAAA-BBBBB-CCCCC-DDDDD-EEEEE", OrgName: "Example & Co; Ltd", UserName: "Some One",
	}
}

// TestAnswerFiles: one of each kind; what is in them is also read back below.
func TestAnswerFiles(t *testing.T) {
	workgroup := Answers{OSType: "windows_2008R2x64"}
	slash := someAnswers("windows_10")
	slash.DomainUser = `OTHER\user`
	for golden_, answers := range map[string]Answers{
		"sysprep/windows_xp.inf":        someAnswers("windows_xp"),
		"sysprep/windows_2003x64.inf":   {OSType: "windows_2003x64", UserLocale: "00000407", InputLocale: "0407:00000407"},
		"sysprep/windows_7x64.xml":      someAnswers("windows_7x64"),
		"sysprep/windows_2008R2x64.xml": workgroup,
		"sysprep/windows_10.xml":        slash,
	} {
		file, err := answers.File()
		if err != nil {
			t.Fatal(err)
		}
		golden(t, golden_, file.Content)
		want := "Unattend.xml"
		if strings.HasSuffix(golden_, ".inf") {
			want = "sysprep.inf"
		}
		if file.Name != want {
			t.Errorf("%s is called %s", golden_, file.Name)
		}
	}
}

func TestArchitecture(t *testing.T) {
	for osType, want := range map[string]string{
		"windows_7": "x86", "windows_7x64": "amd64", "windows_2008": "x86", "windows_2008x64": "amd64",
		"windows_2008R2x64": "amd64", "windows_8": "x86", "windows_8x64": "amd64", "windows_2012x64": "amd64",
		"windows_2012R2x64": "amd64", "windows_10": "x86", "windows_10x64": "amd64", "windows_2022": "amd64",
	} {
		if got := (Answers{OSType: osType}).architecture(); got != want {
			t.Errorf("%s is %s, want %s", osType, got, want)
		}
	}
}

// readINI reads sections and values as an INI file has them.
func readINI(t interface{ Fatalf(string, ...any) }, text string) map[string]string {
	values, section := map[string]string{}, ""
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\r\n"), "\r\n") {
		if strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") {
			section = strings.Trim(line, "[]")
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok || section == "" {
			t.Fatalf("not a line of an INI file: %q", line)
		}
		if strings.HasPrefix(value, `"`) {
			value = strings.TrimSuffix(value[1:], `"`)
		}
		values[section+"/"+key] = value
	}
	return values
}

// readXML reads the texts of all elements by their paths, with the component's name.
func readXML(t interface{ Fatalf(string, ...any) }, text []byte) map[string]string {
	decoder := xml.NewDecoder(strings.NewReader(string(text)))
	values, path := map[string]string{}, []string{}
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			return values
		}
		if err != nil {
			t.Fatalf("%v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			name := token.Name.Local
			for _, attribute := range token.Attr {
				if attribute.Name.Local == "pass" || attribute.Name.Local == "name" {
					name = attribute.Value
				}
			}
			path = append(path, name)
		case xml.EndElement:
			path = path[:len(path)-1]
		case xml.CharData:
			if len(path) > 3 || len(path) == 4 {
				values[strings.Join(path[1:], "/")] += string(token)
			}
		}
	}
}

// TestAnswersReadBack: whatever the values are, the file holds them or they are refused.
func TestAnswersReadBack(t *testing.T) {
	text := rapid.StringOfN(rapid.RuneFrom([]rune(`ab ;,='<>&]ü中{}\/`)), 1, 30, -1).Filter(func(s string) bool {
		return strings.TrimSpace(s) == s
	})
	rapid.Check(t, func(t *rapid.T) {
		answers := Answers{
			OSType: rapid.SampledFrom([]string{"windows_xp", "windows_2003", "windows_7", "windows_10x64"}).Draw(t, "type"),
			Domain: "example.com", DomainUser: "u", DomainPassword: text.Draw(t, "domain password"),
			AdminPassword: text.Draw(t, "password"), OrgName: text.Draw(t, "organization"),
		}
		file, err := answers.File()
		if err != nil {
			all := answers.DomainPassword + answers.AdminPassword + answers.OrgName
			if !answers.isOld() || !strings.ContainsFunc(all, notInINF) {
				t.Fatalf("refused: %v", err)
			}
			return
		}
		if answers.isOld() {
			values := readINI(t, string(file.Content))
			same(t, values["Identification/DomainAdminPassword"], answers.DomainPassword)
			same(t, values["GuiUnattended/AdminPassword"], answers.AdminPassword)
			same(t, values["UserData/OrgName"], answers.OrgName)
			return
		}
		values := readXML(t, file.Content)
		same(t, values["specialize/Microsoft-Windows-UnattendedJoin/Identification/Credentials/Password"], answers.DomainPassword)
		same(t, values["oobeSystem/Microsoft-Windows-Shell-Setup/UserAccounts/AdministratorPassword/Value"], answers.AdminPassword)
		same(t, values["specialize/Microsoft-Windows-Shell-Setup/RegisteredOrganization"], answers.OrgName)
	})
}

func same(t interface{ Errorf(string, ...any) }, got, want string) {
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCheckAnswers(t *testing.T) {
	of := func(osType string, change func(*Answers)) Answers {
		answers := Answers{OSType: osType}
		change(&answers)
		return answers
	}
	for _, test := range []struct {
		answers Answers
		want    string
	}{
		{Answers{OSType: "rhel_7x64"}, `"rhel_7x64" is no Windows`},
		{of("windows_7", func(a *Answers) { a.ComputerName = "sixteen-letters-" }), `the host name "sixteen-letters-"`},
		{of("windows_7", func(a *Answers) { a.ComputerName = "fifteen-letters" }), ""},
		{of("windows_7", func(a *Answers) { a.ComputerName = "123" }), "not digits only"},
		{of("windows_7", func(a *Answers) { a.ProductKey = "cret" }), "the Windows license key"},
		{of("windows_7", func(a *Answers) { a.TimeZone = "x\n" }), `the time zone "x\n"`},
		{of("windows_xp", func(a *Answers) { a.TimeZone = "Moon Standard Time" }), "none that this Windows knows"},
		{of("windows_7", func(a *Answers) { a.TimeZone = "Turkey Standard Time" }), ""},
		{of("windows_7", func(a *Answers) { a.Domain, a.DomainUser = "d", "u" }), "Missing UserName or Password."},
		{of("windows_7", func(a *Answers) { a.Domain, a.DomainPassword = "d", "cret" }), "Missing UserName or Password."},
		{of("windows_7", func(a *Answers) { a.DomainUser, a.DomainPassword = "u", "cret" }), "but no domain"},
		{of("windows_7", func(a *Answers) { a.ActiveDirectoryOU = "OU=x" }), "but no domain"},
		{of("windows_7", func(a *Answers) { a.Domain = "a b" }), `the domain "a b"`},
		{of("windows_7", func(a *Answers) { a.Domain = "d" }), ""},
		{of("windows_xp", func(a *Answers) { a.UserLocale = "en-US" }), `the user locale "en-US"`},
		{of("windows_7", func(a *Answers) { a.UILanguage = "e<" }), `the UI language "e<"`},
		{of("windows_7", func(a *Answers) { a.AdminPassword = "cret\x01" }), "administrator's password has characters"},
		{of("windows_7", func(a *Answers) { a.AdminPassword = "cret\uffff" }), "administrator's password has characters"},
		{of("windows_7", func(a *Answers) { a.AdminPassword = "cret\xff" }), "administrator's password has characters"},
		{of("windows_xp", func(a *Answers) { a.AdminPassword = `cret"` }), "sysprep.inf cannot hold"},
		{of("windows_xp", func(a *Answers) { a.OrgName = "Grüße" }), "the organization has a character"},
		{of("windows_7", func(a *Answers) { a.CustomAnswerFile = "<a><b></a>" }), "no well-formed XML"},
		{of("windows_7", func(a *Answers) { a.CustomAnswerFile = "cret" }), "one outermost element"},
		{of("windows_7", func(a *Answers) { a.CustomAnswerFile = "<a/><b/>" }), "one outermost element"},
		{of("windows_7", func(a *Answers) { a.CustomAnswerFile = "\xff" }), "no text"},
		{of("windows_7", func(a *Answers) { a.CustomAnswerFile = strings.Repeat(" ", MaxAnswerBytes+1) }), "longer than"},
	} {
		err := test.answers.Check()
		switch {
		case test.want == "" && err != nil:
			t.Errorf("refused: %v", err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%v, want %q", err, test.want)
		case err != nil && strings.Contains(err.Error(), "cret"):
			t.Errorf("a secret is told: %v", err)
		}
		if _, again := test.answers.File(); (again == nil) != (err == nil) {
			t.Errorf("Check says %v, File %v", err, again)
		}
	}
}

// TestCustomAnswers: a file given whole is taken as it is.
func TestCustomAnswers(t *testing.T) {
	for osType, text := range map[string]string{"windows_xp": "[Unattended]\n", "windows_10x64": "<?xml version=\"1.0\"?><unattend/>"} {
		file, err := Answers{OSType: osType, CustomAnswerFile: text, ComputerName: "not / looked at"}.File()
		if err != nil || string(file.Content) != text {
			t.Errorf("%s: %q %v", osType, file.Content, err)
		}
	}
}
