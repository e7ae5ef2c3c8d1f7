package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSecrets gives secrets in every way that there is, to guests that start, that
// cannot, and whose engine is killed meanwhile, and looks for them in all that was
// written anywhere.
func TestSecrets(t *testing.T) {
	t.Parallel()
	s := newSecrecy(t)
	s.feed(t, s.secret("JoinPassword")+"\n", "domain", "set", "corp.example.com", "--join-user", "joiner")
	s.accepted(t, "PUT", s.v.path(), "<vm>"+s.initialization("Stored")+s.payload("floppy")+"</vm>")
	s.accepted(t, "PUT", s.windows.path(), `<vm><os type="windows_xp"/><initialization>
		<host_name>windows</host_name>
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
	s.logsOn(t, v)
	s.nowhere(t, "while the guest runs", v)
	var shown []string
	for _, which := range []string{"StoredScript", "CodedPayload", "Payload"} {
		shown = append(shown, s.secret(which))
	}
	for _, format := range []string{"xml", "json"} {
		s.crawl(t, format)
		s.crawl(t, format, shown...)
	}

	backup := filepath.Join(t.TempDir(), "backup")
	s.feed(t, "", "backup", backup)
	s.feed(t, "", "domain", "list")
	s.closed(t, backup)
	s.closed(t, backup+".key")
	s.closed(t, filepath.Join(s.e.dataDir, "secrets.key"))
	state, _ := filepath.Glob(filepath.Join(s.e.dataDir, "vireo.db*"))
	if len(state) < 3 {
		t.Errorf("the database and its journal are %v", state)
	}
	for _, file := range state {
		s.closed(t, file)
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
	said := s.e.refused(t, 409, "POST", v.path()+"/start", "<action><use_cloud_init>true</use_cloud_init></action>")
	if !strings.Contains(said.text, "sealed with another key") {
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
