package pki

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) time() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func mustOpen(t *testing.T, dir string, c *clock, hosts ...string) *Keeper {
	t.Helper()
	keeper, err := open(dir, hosts, c.time)
	if err != nil {
		t.Fatal(err)
	}
	return keeper
}

func leaf(t *testing.T, source Source) *x509.Certificate {
	t.Helper()
	pair, err := source.GetCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	return pair.Leaf
}

// greet shakes hands with a server that uses the source, as a client who trusts
// the authority and looks for a name.
func greet(t *testing.T, source Source, authority []byte, name string, at time.Time) error {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		MinVersion: tls.VersionTLS12, GetCertificate: source.GetCertificate,
	})
	if err != nil {
		t.Fatal(err)
	}
	var served sync.WaitGroup
	served.Go(func() {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		_ = connection.(*tls.Conn).Handshake() // the client tells what went wrong
		_ = connection.Close()
	})
	defer served.Wait()
	defer listener.Close()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(authority) {
		t.Fatal("the authority is no certificate")
	}
	connection, err := tls.Dial("tcp", listener.Addr().String(), &tls.Config{
		MinVersion: tls.VersionTLS12, RootCAs: roots, ServerName: name, Time: func() time.Time { return at },
	})
	if err != nil {
		return err
	}
	return connection.Close()
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]string)
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		found[entry.Name()] = string(text)
	}
	return found
}
