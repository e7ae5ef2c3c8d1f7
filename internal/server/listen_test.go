package server_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"vireo/internal/host/fake"
	"vireo/internal/server"
	"vireo/internal/store/storetest/postgres"
)

// TestTLS: clients that trust ca.pem get through, and others do not.
func TestTLS(t *testing.T) {
	s := newSite(t)
	s.start()
	s.want(200, "GET", "/api", "")
	_, port, err := net.SplitHostPort(strings.TrimPrefix(s.url, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"localhost", "127.0.0.1"} {
		response, err := s.client().Get("https://" + net.JoinHostPort(name, port) + "/healthz")
		if err != nil {
			t.Errorf("as %s: %v", name, err)
			continue
		}
		response.Body.Close()
	}
	_, other := certificate(t, t.TempDir())
	response, err := trusting(t, other).Get(s.url + "/healthz")
	if err == nil {
		response.Body.Close()
		t.Error("a client that trusts somebody else got through")
	}
}

// TestOwnCertificate: the operator's files are used, and none of the engine's own
// made.
func TestOwnCertificate(t *testing.T) {
	s := newSite(t)
	folder := t.TempDir()
	_, authority := certificate(t, folder)
	s.config.Certificate, s.config.Key = filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	s.start()
	response, err := trusting(t, authority).Get(s.url + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if _, err := os.Lstat(s.path("pki")); !os.IsNotExist(err) {
		t.Errorf("the engine has made an authority: %v", err)
	}
	s.end()

	s.config.Key = ""
	if err := s.try(); err == nil {
		t.Error("a certificate without a key was taken")
	}
	s.config.Key = s.config.Certificate
	if err := s.try(); err == nil {
		t.Error("a certificate was taken for a key")
	}
}

// certificate makes a certificate for 127.0.0.1 and its key.
func certificate(t *testing.T, folder string) (key, text []byte) {
	t.Helper()
	made, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mine"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &made.PublicKey, made)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(made)
	if err != nil {
		t.Fatal(err)
	}
	text = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed})
	key = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})
	for name, data := range map[string][]byte{"cert.pem": text, "key.pem": key} {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return key, text
}

// TestPlainHTTP: a reverse proxy on this machine is served, and nobody else.
func TestPlainHTTP(t *testing.T) {
	s := newSite(t)
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "192.0.2.1:0", "engine.example:80", "127.0.0.1", "nonsense"} {
		s.config.ListenHTTP = address
		if err := s.try(); err == nil {
			t.Errorf("plain HTTP is served on %q", address)
			s.end()
		}
	}
	port := freePort(t)
	s.config.ListenHTTP = net.JoinHostPort("127.0.0.1", port)
	s.start()
	response, err := http.Get("http://127.0.0.1:" + port + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != 200 {
		t.Errorf("over plain HTTP: %s", response.Status)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// TestFencedEngineEnds: an engine that has lost the right to write stops serving,
// with an error.
func TestFencedEngineEnds(t *testing.T) {
	t.Run("store closed", func(t *testing.T) {
		s := newSite(t)
		s.start()
		s.want(200, "GET", "/healthz", "", "ok")
		if err := s.engine.Store.Close(); err != nil {
			t.Fatal(err)
		}
		s.lost()
	})
	t.Run("session in PostgreSQL ended", func(t *testing.T) {
		s := newSite(t)
		s.config.Database = postgres.Start(t)
		s.start()
		administrator, err := pgx.Connect(context.Background(), s.config.Database)
		if err != nil {
			t.Fatal(err)
		}
		defer administrator.Close(context.Background())
		_, err = administrator.Exec(context.Background(), `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'`)
		if err != nil {
			t.Fatal(err)
		}
		s.lost()
	})
}

// lost checks the end of an engine that is fenced.
func (s *site) lost() {
	s.Helper()
	err := s.outcome()
	if err == nil || !strings.Contains(err.Error(), "right to write") {
		s.Errorf("the engine has ended with: %v", err)
	}
	_ = s.engine.Close() // the store of a fenced engine may complain
	s.engine = nil
}

// TestStopWithRequestInFlight: a request that waits for a slow action does not
// hold up the stop. It is told that the work goes on, and it does.
func TestStopWithRequestInFlight(t *testing.T) {
	s := newSite(t)
	s.start()
	vm := s.addVM("slow")
	takeBack := s.world.Fail(fake.Rule{Call: "Boot", Hang: true})
	answers := make(chan answer, 1)
	go func() {
		got, err := s.send(context.Background(), http.MethodPost, "/api/vms/"+vm+"/start", "<action/>")
		if err != nil {
			got.body = err.Error()
		}
		answers <- got
	}()
	s.until("/api/vms/"+vm, "<state>wait_for_launch</state>")
	s.end()
	if got := <-answers; got.code != 202 {
		t.Errorf("the request was answered %d\n%s", got.code, got.body)
	}
	takeBack()
	s.start()
	s.until("/api/vms/"+vm, "<state>up</state>")
}

// TestControlSocketAfterCrash: a socket that a crash has left is replaced.
func TestControlSocketAfterCrash(t *testing.T) {
	s := newSite(t)
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: s.path("control.sock"), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	left.SetUnlinkOnClose(false)
	left.Close()
	s.start()
	tools, err := server.OpenTools(context.Background(), s.config.DataDir, "")
	if err != nil {
		t.Fatal(err)
	}
	defer tools.Close()
	if _, err := tools.Options(context.Background()); err != nil {
		t.Error(err)
	}
	s.end()
	if _, err := os.Lstat(s.path("control.sock")); !os.IsNotExist(err) {
		t.Errorf("the socket is left after a proper end: %v", err)
	}
}
