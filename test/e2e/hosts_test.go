package e2e

import (
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestHosts: machines with libvirt and nothing else become hosts, by TLS and by ssh, and
// are given work, emptied, and removed.
func TestHosts(t *testing.T) {
	t.Parallel()
	y := farm(t, 2)
	e := newEngine(t, system, map[string]string{"VdsTimeout": "60s"})
	t.Run("by TLS", func(t *testing.T) { byTLS(t, e, y.hosts[0]) })
	t.Run("by ssh", func(t *testing.T) { bySSH(t, e, y.hosts[1]) })
}

// hostOf adds a host and gives its path.
func (e *engine) hostOf(t *testing.T, name, elements string) string {
	t.Helper()
	said := e.call(t, "POST", "/hosts", "<host><name>"+name+"</name><cluster><name>Default</name></cluster>"+elements+"</host>")
	if said.code != 201 {
		t.Fatalf("adding a host was answered %d: %s", said.code, said.text)
	}
	return "/hosts/" + said.body.attr("id")
}

// hostIs waits for a status of a host.
func (e *engine) hostIs(t *testing.T, path, status string) node {
	t.Helper()
	var on node
	eventually(t, path+" to be "+status, func() (bool, string) {
		on = e.call(t, "GET", path, "").body
		return on.text("status/state") == status, "it is " + on.text("status/state") + " " + on.text("status/detail")
	})
	return on
}

// secure gives a host's libvirt certificates, and has it listen for TLS.
func (h *farmHost) secure(t *testing.T, pki string) {
	t.Helper()
	path := filepath.Join(h.folder, "etc", "libvirtd.conf")
	settings, err := os.ReadFile(path)
	need(t, err)
	need(t, os.WriteFile(path, []byte(strings.Replace(string(settings), "listen_tls = 0", strings.Join([]string{
		`listen_tls = 1`, `ca_file = "` + pki + `/CA/cacert.pem"`,
		`cert_file = "` + pki + `/libvirt/servercert.pem"`, `key_file = "` + pki + `/libvirt/private/serverkey.pem"`,
	}, "\n"), 1)), 0o644))
	h.signal(t, "TERM")
	eventually(t, "the libvirt of "+h.name+" to end", func() (bool, string) {
		_, err := os.Stat(h.seen("/run/libvirt/e2e.pid"))
		return os.IsNotExist(err), ""
	})
	h.startDaemon(t)
}

func byTLS(t *testing.T, e *engine, h *farmHost) {
	out := filepath.Join(h.folder, "pki")
	said, err := e.tool("host", "cert", h.name, h.IP, "--out", out)
	if err != nil || !strings.Contains(said, "libvirtd-tls.socket") {
		t.Fatalf("host cert: %v: %s", err, said)
	}
	if info, err := os.Stat(filepath.Join(out, "etc/pki/libvirt/private/serverkey.pem")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key is open: %v, %v", info, err)
	}
	h.secure(t, filepath.Join(out, "etc/pki"))
	path := e.hostOf(t, h.name, "<address>qemu+tls://"+h.IP+"/system</address>")
	on := e.hostIs(t, path, "up")
	if on.text("memory") == "" || on.text("cpu/topology") == "" && !on.has("cpu/topology") || on.text("hardware_information/uuid") != h.id {
		t.Errorf("it is %+v", on)
	}
	id := strings.TrimPrefix(path, "/hosts/")
	renews(t, e, h, path)

	v := e.create(t)
	e.call(t, "PUT", v.path(), `<vm><placement_policy><host id="`+id+`"/><affinity>pinned</affinity></placement_policy></vm>`)
	v.up(t)
	if state := h.state(v.id); !strings.HasPrefix(state, "running") {
		t.Errorf("on its host the VM is %s", state)
	}
	e.call(t, "POST", path+"/deactivate", "<action><reason>a new fan</reason></action>")
	e.hostIs(t, path, "preparing_for_maintenance")
	eventually(t, "the event that names what stays", func() (bool, string) {
		events := e.call(t, "GET", "/events;max=20", "").text
		return strings.Contains(events, "VM "+v.name+" stays: it is pinned to its host."), events
	})
	e.refused(t, 409, "DELETE", path, "")
	v.act(t, "shutdown")
	v.await(t, "down")
	e.hostIs(t, path, "maintenance")
	e.refused(t, 409, "POST", v.path()+"/start", "<action/>")
	h.signal(t, "KILL") // nobody minds
	h.startDaemon(t)
	e.call(t, "POST", path+"/activate", "<action/>")
	e.hostIs(t, path, "up")
	v.up(t)
	v.act(t, "stop")
	e.call(t, "POST", path+"/deactivate", "<action/>")
	e.hostIs(t, path, "maintenance")
	e.refused(t, 409, "DELETE", path, "") // a VM is pinned to it
	e.call(t, "DELETE", v.path(), "")
	e.call(t, "DELETE", path, "")
	e.refused(t, 404, "GET", path, "")

	// Another engine, whose authority the host does not know, is not let in.
	other := newEngine(t, system, nil)
	strange := other.hostOf(t, h.name, "<address>qemu+tls://"+h.IP+"/system</address>")
	other.hostIs(t, strange, "install_failed")
}

func bySSH(t *testing.T, e *engine, h *farmHost) {
	key, err := e.tool("host", "key")
	need(t, err)
	allowed := filepath.Join(h.folder, "authorized_keys")
	need(t, os.WriteFile(allowed, []byte(key), 0o644))
	fingerprint := h.newHostKey(t)
	h.startSSH(t, allowed)
	path := e.hostOf(t, h.name, "<address>"+h.IP+"</address><root_password>not used</root_password>")
	on := e.hostIs(t, path, "up")
	if shown := on.text("ssh/fingerprint"); shown != fingerprint {
		t.Errorf("the fingerprint is %s, want %s", shown, fingerprint)
	}
	if strings.Contains(e.call(t, "GET", path, "").text, "not used") {
		t.Error("the password is shown")
	}
	v := e.create(t)
	e.call(t, "PUT", v.path(), "<vm><display><type>vnc</type></display></vm>")
	v.act(t, "start", onHost(`<host id="`+strings.TrimPrefix(path, "/hosts/")+`"/>`))
	v.await(t, "up")
	figures(t, e, path)

	// Its display listens on its host alone, which the engine reaches by ssh.
	address, port := v.displayAt(t)
	if address != "127.0.0.1" {
		t.Errorf("the display listens on %s", address)
	}
	if conn, err := net.Dial("tcp", net.JoinHostPort(h.IP, port)); err == nil {
		conn.Close()
		t.Error("the display is open to the network")
	}
	v.throughProxy(t)

	// Somebody else answers there.
	changed := h.newHostKey(t)
	h.startSSH(t, allowed)
	e.stop(t)
	e.start(t)
	e.hostIs(t, path, "non_operational")
	if detail := e.call(t, "GET", path, "").body.text("status/detail"); !strings.Contains(detail, changed) || !strings.Contains(detail, fingerprint) {
		t.Errorf("the reason is %q", detail)
	}
	if state := h.state(v.id); !strings.HasPrefix(state, "running") {
		t.Errorf("on its host the VM is %s", state)
	}
	e.call(t, "PUT", path, "<host><ssh><fingerprint>"+changed+"</fingerprint></ssh></host>")
	e.hostIs(t, path, "up")
	v.await(t, "up")
	v.act(t, "stop")
	v.await(t, "down")
}

// figures wants the figures of a host to be those of a machine that works.
func figures(t *testing.T, e *engine, path string) {
	t.Helper()
	eventually(t, "the figures of "+path, func() (bool, string) {
		said := e.call(t, "GET", path+"/statistics", "")
		figure := make(map[string]float64)
		for _, one := range said.body.all("statistic") {
			figure[one.text("name")], _ = strconv.ParseFloat(one.text("values/value/datum"), 64)
		}
		booted := time.Unix(int64(figure["boot.time"]), 0)
		cpu := figure["cpu.current.user"] + figure["cpu.current.system"] + figure["cpu.current.idle"]
		_, swap := figure["swap.total"]
		return figure["memory.total"] > 1<<28 && figure["memory.used"] > 0 && figure["memory.used"]+figure["memory.free"] == figure["memory.total"] &&
			math.Abs(cpu-100) < 0.01 && swap && booted.Before(time.Now()) && time.Since(booted) < 10*365*24*time.Hour, said.text
	})
	// The interfaces that libvirt lists of a farm's host are this machine's.
	local := "/hosts/" + e.call(t, "GET", "/hosts?search=name%3Dlocal", "").body.at("host").attr("id") + "/nics"
	for _, nic := range e.call(t, "GET", local, "").body.all("host_nic") {
		said := e.call(t, "GET", local+"/"+nic.attr("id")+"/statistics", "")
		if _, err := os.Stat("/sys/class/net/" + nic.text("name")); err == nil && !strings.Contains(said.text, "data.current.rx") {
			t.Errorf("of interface %s: %s", nic.text("name"), said.text)
		}
	}
}

// newHostKey makes the key of the host's ssh server anew and gives its fingerprint.
func (h *farmHost) newHostKey(t *testing.T) string {
	t.Helper()
	path := filepath.Join(h.folder, "ssh_host_key")
	_ = os.Remove(path)
	output, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path).CombinedOutput()
	if err != nil {
		t.Fatalf("ssh-keygen: %v: %s", err, output)
	}
	output, err = exec.Command("ssh-keygen", "-l", "-f", path).Output()
	need(t, err)
	return strings.Fields(string(output))[1]
}

// startSSH starts an ssh server on the host, in the place of the one before. Its shells are
// not the first ones, so that bash does not read what root's own shell reads, which may take
// any time on a machine that people work on.
func (h *farmHost) startSSH(t *testing.T, allowed string) {
	t.Helper()
	settings := filepath.Join(h.folder, "sshd_config")
	pid := filepath.Join(h.folder, "sshd.pid")
	need(t, os.WriteFile(settings, fmt.Appendf(nil, `
ListenAddress %s
HostKey %s/ssh_host_key
AuthorizedKeysFile %s
PidFile %s
StrictModes no
SetEnv SHLVL=1
UsePAM no
PermitRootLogin prohibit-password
`, h.IP, h.folder, allowed, pid), 0o644))
	need(t, h.run("sh", "-c", "mkdir -p /run/sshd; [ ! -e "+pid+" ] || kill $(cat "+pid+")"))
	eventually(t, "the ssh server of "+h.name, func() (bool, string) {
		err := h.run("/usr/sbin/sshd", "-f", settings)
		return err == nil, fmt.Sprint(err)
	})
}
