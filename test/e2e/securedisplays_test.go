package e2e

import (
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestSecureDisplays: on a host whose displays speak TLS with a certificate of the
// engine's authority, the engine's proxy and remote-viewer reach them by it, and not
// those that show another.
func TestSecureDisplays(t *testing.T) {
	t.Parallel()
	h := farm(t, 1).hosts[0]
	e := newEngine(t, system, map[string]string{"DisplayAddress": "0.0.0.0"})
	certificates := h.encryptDisplays(t, e)
	path := e.hostOf(t, h.name, "<address>qemu+tls://"+h.IP+"/system</address>")
	e.hostIs(t, path, "up")
	host := onHost(`<host id="` + strings.TrimPrefix(path, "/hosts/") + `"/>`)
	there := *e
	there.daemon = &h.daemon
	showing := func(kind string) *vm {
		v := there.create(t)
		e.call(t, "PUT", v.path(), "<vm><display><type>"+kind+"</type></display></vm>")
		v.act(t, "start", "<pause>true</pause>", host)
		v.await(t, "paused")
		return v
	}

	vnc := showing("vnc")
	if offered := h.offers(t, vnc); offered != "\x13" {
		t.Errorf("the display offers %q and not VeNCrypt alone", offered)
	}
	vnc.throughProxy(t)
	spice := there.create(t, "console=tty0")
	e.call(t, "PUT", spice.path(), "<vm><display><type>spice</type></display></vm>")
	spice.act(t, "start", host)
	spice.await(t, "up")
	file := spice.viewerFile(t, "5350494345")
	if port, err := strconv.Atoi(file["tls-port"]); err != nil || port == 0 || file["host"] != h.IP ||
		file["host-subject"] != "O=Vireo,CN="+h.name || !strings.HasPrefix(file["ca"], "-----BEGIN CERTIFICATE-----\\n") {
		t.Errorf("the file says %s", file[""])
	}
	// It has no other port to go to.
	withoutPort := strings.Replace(file[""], "\nport="+file["port"]+"\n", "\nport=-1\n", 1)
	spice.viewedRemotely(t, withoutPort, "remote-viewer-spice-tls.png")

	// From now on displays show what another engine has made.
	other := newEngine(t, system, nil)
	other.certify(t, h, certificates)
	stranger := showing("vnc")
	stream, err := stranger.sit(t, stranger.act(t, "ticket").body.text("ticket/value"))
	if err == nil {
		t.Fatal("a display that shows another's certificate is shown")
	}
	if _, err := io.Copy(io.Discard, stream); err == nil || !strings.Contains(err.Error(), "Its display does not let the engine in") {
		t.Errorf("the connection ends with %v", err)
	}
	stranger.told(t, "20480")
}

// encryptDisplays gives a host certificates of an engine's, and has libvirt and displays
// use them. It names the folder of those of displays.
func (h *farmHost) encryptDisplays(t *testing.T, e *engine) string {
	t.Helper()
	folder := filepath.Join(h.folder, "displays")
	e.certify(t, h, folder)
	path := filepath.Join(h.folder, "etc", "qemu.conf")
	settings, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o644)
	need(t, err)
	_, err = settings.WriteString(strings.Join([]string{
		`vnc_tls = 1`, `vnc_tls_x509_verify = 1`, `vnc_tls_x509_cert_dir = "` + folder + `"`,
		`spice_tls = 1`, `spice_tls_x509_cert_dir = "` + folder + `"`,
	}, "\n") + "\n")
	need(t, err)
	need(t, settings.Close())
	h.secure(t, filepath.Join(h.folder, "pki-of-"+filepath.Base(e.dataDir), "etc/pki"))
	return folder
}

// certify makes certificates for a host, and puts QEMU's into a folder.
func (e *engine) certify(t *testing.T, h *farmHost, folder string) {
	t.Helper()
	out := filepath.Join(h.folder, "pki-of-"+filepath.Base(e.dataDir))
	if said, err := e.tool("host", "cert", h.name, h.IP, "--out", out); err != nil {
		t.Fatalf("host cert: %v: %s", err, said)
	}
	need(t, os.RemoveAll(folder))
	need(t, os.Rename(filepath.Join(out, "etc/pki/qemu"), folder))
	output, err := exec.Command("chgrp", "-R", "kvm", folder).CombinedOutput()
	if err != nil {
		t.Fatalf("chgrp: %v: %s", err, output)
	}
	need(t, os.Chmod(filepath.Join(folder, "server-key.pem"), 0o640))
}

// offers are the ways to authenticate that a VNC display offers.
func (h *farmHost) offers(t *testing.T, v *vm) string {
	t.Helper()
	_, port := v.displayAt(t)
	conn, err := net.Dial("tcp", net.JoinHostPort(h.IP, port))
	need(t, err)
	defer conn.Close()
	_, err = io.ReadFull(conn, make([]byte, 12))
	need(t, err)
	_, err = io.WriteString(conn, "RFB 003.008\n")
	need(t, err)
	count := make([]byte, 1)
	_, err = io.ReadFull(conn, count)
	need(t, err)
	offered := make([]byte, count[0])
	_, err = io.ReadFull(conn, offered)
	need(t, err)
	return string(offered)
}
