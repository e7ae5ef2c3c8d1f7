package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"vireo/internal/auth/ldap/ldaptest"
)

const userPassword = "p@55w0rd of alice"

// TestUser: users come, change and go, running and at rest; passwords come from
// standard input and are never seen again.
func TestUser(t *testing.T) {
	dataDir := t.TempDir()
	at := []string{"--data-dir", dataDir}
	e := startEngine(t, dataDir, nil)
	for _, running := range []bool{true, false} {
		if !running {
			e.terminate()
		}
		said := must(t, userPassword+"\n", append(at, "user", "add", "alice", "--role", "PowerUserRole", "--email", "alice@example.com")...)
		must(t, userPassword+"\n", append(at, "user", "add", "bob@internal")...)
		said += must(t, "", append(at, "user", "list")...)
		for _, line := range []string{`admin@internal +enabled +SuperUser`, `alice@internal +enabled +PowerUserRole`, `bob@internal +enabled +-`} {
			if !regexp.MustCompile(`(?m)^` + line + `$`).MatchString(said) {
				t.Errorf("%s is not in\n%s", line, said)
			}
		}
		refusedWith(t, userPassword+"\n", "already in use", append(at, "user", "add", "ALICE")...)
		refusedWith(t, userPassword+"\n", "no role", append(at, "user", "add", "carol", "--role", "Boss")...)
		refusedWith(t, "\n", "a password has", append(at, "user", "add", "carol")...)
		refusedWith(t, userPassword+"\n", "1 to 63 characters", append(at, "user", "add", "a b")...)
		refusedWith(t, userPassword+"\n", "added in their directory", append(at, "user", "add", "carol@corp.example.com")...)
		refusedWith(t, "", "there is no user", append(at, "user", "disable", "carol")...)
		refusedWith(t, "", "must stay", append(at, "user", "disable", "admin")...)
		refusedWith(t, "", "must stay", append(at, "user", "remove", "admin")...)
		must(t, userPassword+"!\n", append(at, "user", "passwd", "alice")...)
		must(t, "", append(at, "user", "disable", "alice")...)
		if said := must(t, "", append(at, "user", "list")...); !regexp.MustCompile(`(?m)^alice@internal +disabled`).MatchString(said) {
			t.Errorf("after disable:\n%s", said)
		}
		must(t, "", append(at, "user", "enable", "alice")...)
		must(t, "", append(at, "user", "unlock", "alice")...)
		must(t, "", append(at, "user", "remove", "alice")...)
		must(t, "", append(at, "user", "remove", "bob")...)
		if got := must(t, "", append(at, "user", "list")...); strings.Contains(got, "alice") || strings.Contains(got, "bob") {
			t.Errorf("after remove:\n%s", got)
		}
		told := must(t, "", append(at, "events")...)
		for _, code := range []string{"20245", "866", "346", "20246", "20247", "20242", "20248"} {
			if !strings.Contains(told, `"code":`+code+",") {
				t.Errorf("event %s is not in\n%s", code, told)
			}
		}
		if recent := must(t, "", append(at, "events", "--last", "1h")...); recent != told {
			t.Errorf("all events are of the last hour, and it gives\n%s", recent)
		}
		if said += told; strings.Contains(said, userPassword) {
			t.Errorf("the password was printed: %s", said)
		}
	}
	if strings.Contains(e.log.String(), userPassword) {
		t.Error("the password is in the log")
	}
}

// TestDirectory: a domain is given a directory, checked, and asked no more.
func TestDirectory(t *testing.T) {
	slapd := ldaptest.Start(t)
	dataDir := t.TempDir()
	at := []string{"--data-dir", dataDir}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, []byte(slapd.CA), 0o600); err != nil {
		t.Fatal(err)
	}
	e := startEngine(t, dataDir, nil)
	set := append(at, "domain", "directory", ldaptest.Domain, "--server", slapd.TLS, "--schema", "openldap", "--ca", ca, "--base", ldaptest.Base)
	for _, running := range []bool{true, false} {
		if !running {
			e.terminate()
		}
		must(t, ldaptest.BindPassword+"\n", append(set, "--bind-dn", ldaptest.BindDN)...)
		if got := must(t, "", append(at, "domain", "list")...); !strings.Contains(got, slapd.TLS) || strings.Contains(got, ldaptest.BindPassword) {
			t.Errorf("the list is\n%s", got)
		}
		if got := must(t, "", append(at, "domain", "check", ldaptest.Domain, "alice")...); got != slapd.TLS+" answers and knows alice, who is in 3 groups\n" {
			t.Errorf("the check says %q", got)
		}
		if got := must(t, "", append(at, "domain", "check", ldaptest.Domain, "dora")...); !strings.Contains(got, "knows no user") {
			t.Errorf("the check says %q", got)
		}
		refusedWith(t, ldaptest.BindPassword+"\n", "unencrypted", append(at, "domain", "directory", ldaptest.Domain, "--server", "ldap://dc1.example.com", "--base", ldaptest.Base, "--bind-dn", ldaptest.BindDN)...)
		must(t, "not it\n", append(set, "--bind-dn", ldaptest.BindDN)...)
		refusedWith(t, "", "Invalid Credentials", append(at, "domain", "check", ldaptest.Domain, "alice")...)
		must(t, "", append(at, "domain", "directory", ldaptest.Domain)...)
		refusedWith(t, "", "nobody can log in", append(at, "domain", "check", ldaptest.Domain, "alice")...)
		must(t, "", append(at, "domain", "remove", ldaptest.Domain)...)
	}
	if strings.Contains(e.log.String(), ldaptest.BindPassword) {
		t.Error("the password is in the log")
	}
}

// refusedWith runs a command with an input, which fails with a sentence.
func refusedWith(t *testing.T, input, want string, args ...string) {
	t.Helper()
	command := vireo(t, nil, args...)
	command.Stdin = strings.NewReader(input)
	said, err := command.CombinedOutput()
	if err == nil || !strings.Contains(string(said), want) {
		t.Errorf("%v: %v\n%s", args, err, said)
	}
}
