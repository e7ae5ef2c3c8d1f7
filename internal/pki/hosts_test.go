package pki

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// meet lets the engine speak to a host that has what ForHost gave, and gives the
// error of each side.
func meet(t *testing.T, engine *tls.Config, files []HostFile, name string, now time.Time) (ofEngine, ofHost error) {
	t.Helper()
	content := map[string][]byte{}
	for _, file := range files {
		content[file.Path] = file.Content
	}
	pair, err := tls.X509KeyPair(content["etc/pki/libvirt/servercert.pem"], content["etc/pki/libvirt/private/serverkey.pem"])
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(content["etc/pki/CA/cacert.pem"])
	clock := func() time.Time { return now }
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	host := tls.Server(b, &tls.Config{
		Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: roots, Time: clock,
	})
	done := make(chan error, 1)
	go func() {
		err := host.Handshake()
		b.Close()
		done <- err
	}()
	engine = engine.Clone()
	engine.ServerName, engine.Time = name, clock
	ofEngine = tls.Client(a, engine).Handshake()
	a.Close()
	return ofEngine, <-done
}

func TestEngineMeetsHost(t *testing.T) {
	dir, now := t.TempDir(), newClock()
	client := &Client{dir: dir, now: now.time}
	config, err := client.Config()
	if err != nil {
		t.Fatal(err)
	}
	files, err := forHost(dir, []string{"h1.example.com", "192.0.2.7"}, now.time())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"h1.example.com", "192.0.2.7"} {
		if engine, host := meet(t, config, files, name, now.time()); engine != nil || host != nil {
			t.Errorf("as %s: %v, %v", name, engine, host)
		}
	}
	if engine, _ := meet(t, config, files, "h2.example.com", now.time()); engine == nil {
		t.Error("another host was taken for h2")
	}
	strange, err := (&Client{dir: t.TempDir(), now: now.time}).Config()
	if err != nil {
		t.Fatal(err)
	}
	strange.RootCAs = config.RootCAs
	if _, host := meet(t, strange, files, "h1.example.com", now.time()); host == nil {
		t.Error("the host lets another engine in")
	}
	for _, bad := range [][]string{{}, {"no name"}, {"-"}} {
		if _, err := ForHost(dir, bad); err == nil {
			t.Errorf("a certificate was made for %q", bad)
		}
	}
}

// TestClientRenewal: the engine's certificate is renewed by itself while the one before
// is still valid, and a host that has the old files goes on letting it in.
func TestClientRenewal(t *testing.T) {
	dir, now := t.TempDir(), newClock()
	client := &Client{dir: dir, now: now.time}
	first, err := client.Config()
	if err != nil {
		t.Fatal(err)
	}
	files, err := forHost(dir, []string{"h1.example.com"}, now.time())
	if err != nil {
		t.Fatal(err)
	}
	now.pass(clientLife / 2)
	if same, err := client.Config(); err != nil || same.Certificates[0].Leaf.SerialNumber.Cmp(first.Certificates[0].Leaf.SerialNumber) != 0 {
		t.Errorf("it was renewed too early: %v", err)
	}
	now.pass(clientLife / 4)
	second, err := client.Config()
	if err != nil {
		t.Fatal(err)
	}
	old, fresh := first.Certificates[0].Leaf, second.Certificates[0].Leaf
	if fresh.SerialNumber.Cmp(old.SerialNumber) == 0 || !now.time().Before(old.NotAfter) {
		t.Errorf("it was not renewed in time: until %s, now %s", old.NotAfter, now.time())
	}
	for _, config := range []*tls.Config{first, second} {
		if engine, host := meet(t, config, files, "h1.example.com", now.time()); engine != nil || host != nil {
			t.Errorf("while they overlap: %v, %v", engine, host)
		}
	}
	again, err := (&Client{dir: dir, now: now.time}).Config()
	if err != nil || again.Certificates[0].Leaf.SerialNumber.Cmp(fresh.SerialNumber) != 0 {
		t.Errorf("the next engine made another one: %v", err)
	}
	// After years the authority has been renewed too, and the host's old files still do.
	now.pass(hostLife - clientLife)
	third, err := client.Config()
	if err != nil {
		t.Fatal(err)
	}
	if engine, host := meet(t, third, files, "h1.example.com", now.time()); engine != nil || host != nil {
		t.Errorf("years later: %v, %v", engine, host)
	}
}

func TestSSHKey(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "pki")
	line, err := NewSSHKey(dir).Line()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := NewSSHKey(dir).Line(); err != nil || again != line {
		t.Errorf("the next engine has %q, %v", again, err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "ssh.pub")); err != nil || string(text) != line+"\n" {
		t.Errorf("ssh.pub has %q, %v", text, err)
	}
	if info, err := os.Stat(filepath.Join(dir, "ssh.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("ssh.key is open: %v, %v", info, err)
	}
	if _, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line)); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ssh.key"), []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewSSHKey(dir).Signer(); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a damaged key gives %v", err)
	}
}
