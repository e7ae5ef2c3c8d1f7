package main

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"vireo/internal/server"
)

// TestEnvironment: every flag has its twin, and a flag that is given wins.
func TestEnvironment(t *testing.T) {
	dataDir := filepath.Join(t.TempDir(), "made")
	e := startEngine(t, dataDir, []string{"VIREO_LOG_LEVEL=debug", "VIREO_LOCAL_HOST=none", "VIREO_LISTEN=127.0.0.2:0"},
		"--listen", "127.0.0.1:0")
	if !strings.HasPrefix(e.url, "https://127.0.0.1:") {
		t.Errorf("the engine listens on %s", e.url)
	}
	if hosts := e.want(200, "GET", "/api/hosts", "", password); strings.Contains(hosts, "<host ") {
		t.Errorf("there is a host:\n%s", hosts)
	}
	e.terminate()
	// The flags of the other commands have theirs too.
	output, ok := finish(t, "", []string{"VIREO_DATA_DIR=" + dataDir}, "config", "get", "vmreboottimeout")
	if !ok || strings.TrimSpace(output) != "3m" {
		t.Errorf("config get: %q", output)
	}
	for _, bad := range []struct {
		variable, why string
	}{
		{"VIREO_ALLOW_INSECURE_HOSTS=perhaps", "VIREO_ALLOW_INSECURE_HOSTS"},
		{"VIREO_DRIVER=magic", "--driver"},
		{"VIREO_LOG_LEVEL=loud", "--log-level"},
		{"VIREO_LOG_FORMAT=verse", "--log-format"},
		{"VIREO_LISTEN_HTTP=0.0.0.0:8080", "loopback"},
		{"VIREO_LISTEN=nowhere", "--listen"},
		{"VIREO_DATABASE=mysql://root@here/vireo", "postgres://"},
	} {
		refused(t, bad.why, []string{"VIREO_DATA_DIR=" + t.TempDir(), "VIREO_LOCAL_HOST=none", bad.variable}, "serve")
	}
	refused(t, "--accel", nil, "serve", "--data-dir", t.TempDir(), "--accel", "warp")
	refused(t, "unknown command", nil, "levitate")
	refused(t, "unknown flag", nil, "serve", "--levitate")
}

// TestUmask: whatever the shell's, guests' files can be reached by QEMU and
// secrets by nobody.
func TestUmask(t *testing.T) {
	for _, mask := range []int{0o077, 0} {
		before := syscall.Umask(mask)
		dataDir := filepath.Join(t.TempDir(), "made")
		e := startEngine(t, dataDir, []string{"VIREO_ADMIN_PASSWORD="})
		syscall.Umask(before)
		for name, want := range map[string]os.FileMode{
			".": os.ModeDir | 0o711, "admin-password": 0o600, "vireo.db": 0o600, "secrets.key": 0o600, "control.sock": os.ModeSocket | 0o600,
			"pki": os.ModeDir | 0o700, "ca.pem": 0o644,
		} {
			info, err := os.Lstat(filepath.Join(dataDir, name))
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode() != want {
				t.Errorf("with the umask %03o %s has the mode %v, not %v", mask, name, info.Mode(), want)
			}
		}
		info, err := os.Stat(filepath.Join(dataDir, "iso"))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o011 != 0o011 {
			t.Errorf("with the umask %03o the folder of ISO files has the mode %v and cannot be entered by QEMU", mask, info.Mode())
		}
		e.terminate()
	}
}

// TestSecondEngine: it is refused at once, and says who holds the data.
func TestSecondEngine(t *testing.T) {
	dataDir := t.TempDir()
	e := startEngine(t, dataDir, nil)
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for _, holder := range []string{name, "in use by another engine"} {
		refused(t, holder, nil, "serve", "--driver", "fake", "--data-dir", dataDir, "--listen", "127.0.0.1:0")
	}
	e.want(200, "GET", "/api", "", password)
}

// TestTerminate: SIGTERM ends the engine although a request is waiting for a slow
// action; the request is answered.
func TestTerminate(t *testing.T) {
	e := startEngine(t, t.TempDir(), nil)
	e.until("/api/hosts", "<state>up</state>")
	id := idIn(t, e.want(201, "POST", "/api/vms", newVM, password))
	type result struct {
		code int
		err  error
	}
	written, answered := make(chan struct{}), make(chan result, 1)
	traced := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) { close(written) },
	})
	go func() {
		code, _, err := e.get(traced, http.MethodPost, "/api/vms/"+id+"/start",
			"<action><grace_period><expiry>600000</expiry></grace_period></action>", password)
		answered <- result{code, err}
	}()
	<-written
	// What is asked after it is answered while it waits.
	e.want(200, "GET", "/api/vms/"+id, "", password)
	e.terminate()
	if got := <-answered; got.err == nil && got.code < 400 {
		t.Errorf("a start that was not begun was answered %d", got.code)
	}
}

// TestKilled: after kill -9 the next engine goes on with all there was, socket
// included.
func TestKilled(t *testing.T) {
	dataDir := t.TempDir()
	e := startEngine(t, dataDir, nil)
	e.until("/api/hosts", "<state>up</state>")
	id := idIn(t, e.want(201, "POST", "/api/vms", newVM, password))
	if err := e.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = e.wait() // killed
	if _, err := os.Lstat(server.ControlSocket(dataDir)); err != nil {
		t.Fatalf("a killed engine leaves its socket: %v", err)
	}
	// The socket that nobody answers does not mislead the tools.
	must(t, "", "config", "set", "SearchResultsLimit", "17", "--data-dir", dataDir)
	again := startEngine(t, dataDir, nil)
	again.want(200, "GET", "/api/vms/"+id, "", password)
	if got := must(t, "", "config", "get", "SearchResultsLimit", "--data-dir", dataDir); strings.TrimSpace(got) != "17" {
		t.Errorf("the option is %q", got)
	}
}

// TestConfig: options are shown and set, running and at rest, and bad values are
// refused with a sentence.
func TestConfig(t *testing.T) {
	dataDir := t.TempDir()
	at := []string{"--data-dir", dataDir}
	e := startEngine(t, dataDir, nil)
	for _, running := range []bool{true, false} {
		if !running {
			e.terminate()
		}
		all := must(t, "", append(at, "config", "get")...)
		if !regexp.MustCompile(`(?m)^VmRebootTimeout +3m +How long`).MatchString(all) {
			t.Errorf("the list lacks VmRebootTimeout:\n%s", all)
		}
		must(t, "", append(at, "config", "set", "VmRebootTimeout", "4m")...)
		if got := must(t, "", append(at, "config", "get", "VmRebootTimeout")...); got != "4m\n" {
			t.Errorf("the option is %q", got)
		}
		refused(t, "a time such as 30s", nil, append(at, "config", "set", "VmRebootTimeout", "soon")...)
		refused(t, "NoSuchOption", nil, append(at, "config", "set", "NoSuchOption", "1")...)
		refused(t, "NoSuchOption", nil, append(at, "config", "get", "NoSuchOption")...)
		must(t, "", append(at, "config", "set", "VmRebootTimeout", "")...)
		if got := must(t, "", append(at, "config", "get", "VmRebootTimeout")...); got != "3m\n" {
			t.Errorf("the default is %q", got)
		}
	}
	refused(t, "no engine's data", nil, "config", "get", "--data-dir", t.TempDir())
}

// TestPasswordBackupRestore: what an administrator does on the day after.
func TestPasswordBackupRestore(t *testing.T) {
	dataDir, backups := t.TempDir(), t.TempDir()
	e := startEngine(t, dataDir, nil)
	e.until("/api/hosts", "<state>up</state>")
	id := idIn(t, e.want(201, "POST", "/api/vms", newVM, password))

	backup := filepath.Join(backups, "one")
	must(t, "", "backup", backup, "--data-dir", dataDir)
	refused(t, "is there already", nil, "backup", backup, "--data-dir", dataDir)

	must(t, "a second password\n", "admin", "reset-password", "--data-dir", dataDir)
	e.want(401, "GET", "/api", "", password)
	e.want(200, "GET", "/api", "", "a second password")
	said := must(t, "", "admin", "reset-password", "--data-dir", dataDir)
	made, err := os.ReadFile(server.PasswordPath(dataDir))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(said, strings.TrimSpace(string(made))) {
		t.Error("the new password was printed")
	}
	e.want(200, "GET", "/api", "", strings.TrimSpace(string(made)))

	refused(t, "another engine", nil, "restore", backup, "--data-dir", dataDir, "--replace")
	e.terminate()
	refused(t, "there is data already", nil, "restore", backup, "--data-dir", dataDir)
	must(t, "", "restore", backup, "--data-dir", dataDir, "--replace")
	again := startEngine(t, dataDir, nil)
	again.want(200, "GET", "/api/vms/"+id, "", password)
	again.terminate()

	// And into nothing, where there was no engine before.
	elsewhere := filepath.Join(t.TempDir(), "new")
	must(t, "", "restore", backup, "--data-dir", elsewhere)
	moved := startEngine(t, elsewhere, nil)
	moved.want(200, "GET", "/api/vms/"+id, "", password)
}

var rootID = regexp.MustCompile(`<\w+ href="[^"]*" id="([^"]*)"`)

func idIn(t *testing.T, body string) string {
	t.Helper()
	found := rootID.FindStringSubmatch(body)
	if found == nil {
		t.Fatalf("no id in\n%s", body)
	}
	return found[1]
}
