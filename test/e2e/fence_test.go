package e2e

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestFence lets the fence agent of Debian's package fence-agents, which was
// written for the real thing, drive a real VM over TLS.
func TestFence(t *testing.T) {
	t.Parallel()
	agent, err := exec.LookPath("fence_rhevm")
	if err != nil {
		if agent = "/usr/sbin/fence_rhevm"; !exists(agent) {
			t.Fatalf("fence_rhevm is missing (scripts/install-packages test): %v", err)
		}
	}
	e := newEngine(t, system, nil)
	v := e.create(t)
	bystander := e.create(t)
	for _, how := range []struct {
		name    string
		options []string
	}{
		{"version 3", []string{"--api-version", "3"}},
		{"version 3 at /api", []string{"--api-version", "3", "--api-path", "/api", "--disable-http-filter"}},
		{"session in a cookie", []string{
			"--api-version", "3", "--use-cookies",
			"--cookie-file", filepath.Join(t.TempDir(), "cookies"),
		}},
	} {
		t.Run(how.name, func(t *testing.T) {
			f := &fence{agent, e, v.name, how.options}
			f.run(t, "list", 0, v.name, bystander.name)
			f.run(t, "status", 2, "Status: OFF")
			f.run(t, "on", 0, "Success")
			v.await(t, "powering_up", "up")
			f.run(t, "on", 0, "Success")
			f.run(t, "status", 0, "Status: ON")
			f.run(t, "monitor", 0)
			qemu := v.running(t)
			f.run(t, "reboot", 0, "Success")
			v.await(t, "powering_up", "up")
			if now := v.running(t); now == qemu {
				t.Error("a fenced guest still runs in the same QEMU")
			}
			f.run(t, "off", 0, "Success")
			v.await(t, "down")
			v.gone(t)
			f.run(t, "off", 0, "Success")
			if status := bystander.status(t); status != "down" {
				t.Errorf("the other VM is %s", status)
			}
		})
	}
}

type fence struct {
	agent   string
	e       *engine
	plug    string
	options []string
}

// run calls the agent, which must end with this code and say these words.
func (f *fence) run(t *testing.T, action string, code int, words ...string) {
	t.Helper()
	at, err := url.Parse(f.e.url)
	if err != nil {
		t.Fatal(err)
	}
	arguments := append([]string{
		"--ip", at.Hostname(), "--ipport", at.Port(), "--ssl-insecure",
		"--username", login, "--password", password, "--plug", f.plug, "--action", action,
		"--shell-timeout", "30", "--power-timeout", "60", "--power-wait", "0",
	}, f.options...)
	command := exec.Command(f.agent, arguments...)
	for _, variable := range os.Environ() {
		// Its HTTP client must not ask a proxy for this machine.
		if name, _, _ := strings.Cut(variable, "="); !strings.HasSuffix(strings.ToLower(name), "_proxy") {
			command.Env = append(command.Env, variable)
		}
	}
	output, _ := command.CombinedOutput()
	if got := command.ProcessState.ExitCode(); got != code {
		t.Fatalf("fence_rhevm %s ended with %d, want %d: %s", action, got, code, output)
	}
	for _, word := range words {
		if !strings.Contains(string(output), word) {
			t.Errorf("fence_rhevm %s does not say %q: %s", action, word, output)
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
