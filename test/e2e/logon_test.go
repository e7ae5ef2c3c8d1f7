package e2e

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// withAgent is the word that gives the small guest the engine's own agent.
const withAgent = "vireo.engine_agent"

// TestLogon: the credentials of whoever asks arrive in guests on this machine, on a host that
// is reached by TLS, and on one that is reached by ssh; and what their agents say is shown.
func TestLogon(t *testing.T) {
	t.Parallel()
	y := farm(t, 2)
	e := newEngine(t, system, map[string]string{"VdsTimeout": "60s", "GuestAgentSilenceTimeout": "12s"})
	local, byTLS, bySSH := e.create(t, withAgent), e.create(t, withAgent), e.create(t, withAgent)
	onTLS, onSSH := e.tlsHost(t, y.hosts[0]), e.sshHost(t, y.hosts[1])
	e.refused(t, 400, "POST", local.path()+"/logon", "<action/>")
	local.act(t, "start", onHost("<host><name>local</name></host>"))
	byTLS.act(t, "start", onHost(`<host id="`+onTLS+`"/>`))
	bySSH.act(t, "start", onHost(`<host id="`+onSSH+`"/>`))
	for _, guest := range []struct {
		name string
		*vm
		at *daemon
	}{{"on this machine", local, system}, {"by TLS", byTLS, &y.hosts[0].daemon}, {"by ssh", bySSH, &y.hosts[1].daemon}} {
		t.Run(guest.name, func(t *testing.T) {
			guest.await(t, "up")
			guest.heard(t)
			guest.logsOn(t, guest.at)
		})
	}
	byTLS.act(t, "stop")
	bySSH.act(t, "stop")
	t.Run("what it says", func(t *testing.T) { agentIsShown(t, local) })
	t.Run("engines come and go", func(t *testing.T) {
		e.kill(t)
		e.start(t)
		local.heard(t)
		local.logsOn(t, system)
	})
	t.Run("it falls silent", func(t *testing.T) { agentFallsSilent(t, local) })
	t.Run("it floods", func(t *testing.T) {
		local.inside(t, "touch /run/vireo/engine_agent_floods")
		eventually(t, "the flood to be told of", func() (bool, string) {
			codes := local.events(t)
			return strings.Contains(strings.Join(codes, " "), "20462"), fmt.Sprint("the events are ", codes)
		})
		if status := local.status(t); status != "up" {
			t.Errorf("the VM is %s", status)
		}
	})
	local.act(t, "stop")
	local.await(t, "down")
	t.Run("the only agent", func(t *testing.T) { onlyOwnAgent(t, e) })
	for _, v := range []*vm{byTLS, bySSH} {
		v.await(t, "down")
	}
}

// tlsHost makes a host of a farm's that is reached by TLS, and gives its id.
func (e *engine) tlsHost(t *testing.T, h *farmHost) string {
	t.Helper()
	out := filepath.Join(h.folder, "pki")
	if said, err := e.tool("host", "cert", h.name, h.IP, "--out", out); err != nil {
		t.Fatalf("host cert: %v: %s", err, said)
	}
	h.secure(t, filepath.Join(out, "etc/pki"))
	path := e.hostOf(t, h.name, "<address>qemu+tls://"+h.IP+"/system</address>")
	e.hostIs(t, path, "up")
	return strings.TrimPrefix(path, "/hosts/")
}

// sshHost makes one that is reached by ssh.
func (e *engine) sshHost(t *testing.T, h *farmHost) string {
	t.Helper()
	key, err := e.tool("host", "key")
	need(t, err)
	allowed := filepath.Join(h.folder, "authorized_keys")
	need(t, os.WriteFile(allowed, []byte(key), 0o644))
	h.newHostKey(t)
	h.startSSH(t, allowed)
	path := e.hostOf(t, h.name, "<address>"+h.IP+"</address>")
	e.hostIs(t, path, "up")
	return strings.TrimPrefix(path, "/hosts/")
}

// heard waits until the engine hears its own agent in the guest.
func (v *vm) heard(t *testing.T) {
	t.Helper()
	eventually(t, "the agent in "+v.name+" to be heard", func() (bool, string) {
		said := v.e.call(t, "GET", v.path()+"/applications", "").text
		return strings.Contains(said, "<name>busybox-static</name>"), said
	})
}

// logsOn has the agent in the guest, on that host, be given the credentials of the test, and
// looks there at what it was given.
func (v *vm) logsOn(t *testing.T, at *daemon) {
	t.Helper()
	logins := func() (found [][2]string) {
		var text string
		v.answers(t, func() (err error) {
			text, err = at.inside(v.id, "grep login /run/vireo/told | base64 -w0; true")
			return err
		})
		lines, err := base64.StdEncoding.DecodeString(text)
		need(t, err)
		for line := range strings.Lines(string(lines)) {
			var order struct{ Username, Password string }
			need(t, json.Unmarshal([]byte(line), &order))
			found = append(found, [2]string{order.Username, order.Password})
		}
		return found
	}
	before := len(logins())
	if said := v.act(t, "logon"); said.body.text("status/state") != "complete" || strings.Contains(said.text, password) {
		t.Errorf("it was answered %s", said.text)
	}
	eventually(t, "the credentials to arrive", func() (bool, string) {
		now := logins()
		return len(now) == before+1 && now[before] == [2]string{login, password}, fmt.Sprintf("there are %q", now)
	})
}

// agentIsShown: where both agents say something, the engine's own wins.
func agentIsShown(t *testing.T, v *vm) {
	shown := v.get(t)
	for path, want := range map[string]string{
		"guest_operating_system/distribution": "Vireo guest", "guest_operating_system/codename": "small",
		"guest_time_zone/name": "CET", "guest_time_zone/utc_offset": "+01:00",
	} {
		if got := shown.text(path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	if fqdn := shown.text("guest_info/fqdn"); !strings.HasSuffix(fqdn, ".guests.example.org") {
		t.Errorf("the name is %q", fqdn)
	}
	if said := v.e.call(t, "GET", v.path()+"/sessions", "").text; !strings.Contains(said, "<user_name>root</user_name>") {
		t.Errorf("the sessions are %s", said)
	}
}

func agentFallsSilent(t *testing.T, v *vm) {
	v.inside(t, "rm /run/vireo/engine_agent")
	eventually(t, "the agent to count as silent", func() (bool, string) {
		said := v.e.ask(t, "POST", v.path()+"/logon", "<action/>")
		return said.code == 400 && strings.Contains(said.text, "[Guest agent non responsive]"), said.text
	})
	eventually(t, "what it has said not to be shown any more", func() (bool, string) {
		codename := v.get(t).text("guest_operating_system/codename")
		return codename != "small", "it is called " + codename
	})
	v.inside(t, "touch /run/vireo/engine_agent")
	v.heard(t)
	v.logsOn(t, system)
}

// onlyOwnAgent: a guest without qemu-guest-agent is up when the engine's own agent says so,
// and is shut down by it.
func onlyOwnAgent(t *testing.T, e *engine) {
	v := e.create(t, withAgent, "vireo.no_agent")
	v.act(t, "start", onHost("<host><name>local</name></host>"))
	v.await(t, "up")
	v.heard(t)
	console, err := os.Open(system.must(t, "ttyconsole", v.id))
	need(t, err)
	defer console.Close()
	told := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(console)
		for lines.Scan() {
			if line, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), "told: "); ok && strings.Contains(line, "shutdown") {
				told <- line
				return
			}
		}
		told <- ""
	}()
	v.act(t, "shutdown")
	v.await(t, "down")
	if line := <-told; !strings.Contains(line, `"message":"An administrator is shutting`) || !strings.Contains(line, `"reboot":"False"`) {
		t.Errorf("the agent was told %q", line)
	}
}
