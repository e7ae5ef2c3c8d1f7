package pki

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestRenewalBeforeExpiry(t *testing.T) {
	for _, way := range []struct {
		name  string
		renew func(*testing.T, *Keeper)
	}{
		{"on a handshake", func(t *testing.T, keeper *Keeper) { leaf(t, keeper) }},
		{"when told", func(t *testing.T, keeper *Keeper) {
			if err := keeper.Refresh(); err != nil {
				t.Error(err)
			}
		}},
	} {
		t.Run(way.name, func(t *testing.T) {
			dir, now := t.TempDir(), newClock()
			keeper := mustOpen(t, dir, now)
			first := leaf(t, keeper)
			now.pass(240 * 24 * time.Hour)
			way.renew(t, keeper)
			if leaf(t, keeper).SerialNumber.Cmp(first.SerialNumber) != 0 {
				t.Fatal("it was renewed with more than a third left")
			}
			now.pass(4 * 24 * time.Hour)
			way.renew(t, keeper)
			second := leaf(t, keeper)
			if second.SerialNumber.Cmp(first.SerialNumber) == 0 || !second.NotBefore.Before(first.NotAfter) {
				t.Fatalf("it is valid from %v, the old one to %v", second.NotBefore, first.NotAfter)
			}
			if err := greet(t, keeper, keeper.Authority(), "localhost", now.time()); err != nil {
				t.Error(err)
			}
			again := mustOpen(t, dir, now)
			if leaf(t, again).SerialNumber.Cmp(second.SerialNumber) != 0 {
				t.Error("the renewed one is not in the files")
			}
		})
	}
}

// Thirty years pass in steps of a month. A client that fetched the authority up
// to three years ago is let in at every one of them.
func TestThirtyYears(t *testing.T) {
	dir, now := t.TempDir(), newClock()
	keeper := mustOpen(t, dir, now)
	trusted := [][]byte{}
	authorities := make(map[string]bool)
	const month = 30 * 24 * time.Hour
	for range 365 {
		if err := keeper.Refresh(); err != nil {
			t.Fatal(err)
		}
		authorities[string(keeper.Authority())] = true
		trusted = append(trusted, keeper.Authority())
		if len(trusted) > 36 {
			trusted = trusted[1:]
		}
		roots := x509.NewCertPool()
		roots.AppendCertsFromPEM(trusted[0])
		pair, err := keeper.GetCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: "localhost", CurrentTime: now.time()}); err != nil {
			t.Fatalf("at %v: %v", now.time(), err)
		}
		now.pass(month)
	}
	if len(authorities) < 4 || len(authorities) > 6 {
		t.Errorf("there were %d authorities", len(authorities))
	}
}

func TestAfterALongSleep(t *testing.T) {
	dir, now := t.TempDir(), newClock()
	old := mustOpen(t, dir, now)
	now.pass(20 * 365 * 24 * time.Hour)
	keeper := mustOpen(t, dir, now)
	if err := greet(t, keeper, keeper.Authority(), "localhost", now.time()); err != nil {
		t.Error(err)
	}
	// One that ran on is fresh at the first handshake.
	if err := greet(t, old, keeper.Authority(), "localhost", now.time()); err != nil {
		t.Error(err)
	}
}

func TestAClockThatWasAhead(t *testing.T) {
	dir, now := t.TempDir(), newClock()
	mustOpen(t, dir, now)
	now.pass(-10 * 365 * 24 * time.Hour)
	keeper := mustOpen(t, dir, now)
	if err := greet(t, keeper, keeper.Authority(), "localhost", now.time()); err != nil {
		t.Error(err)
	}
}

func TestFailedRenewalKeepsServing(t *testing.T) {
	dir, now := t.TempDir(), newClock()
	keeper := mustOpen(t, dir, now)
	first := leaf(t, keeper)
	caKey, err := os.ReadFile(filepath.Join(dir, "ca.key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ca.key"), []byte("rubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	now.pass(300 * 24 * time.Hour)
	if err := keeper.Refresh(); err == nil || strings.Contains(err.Error(), "rubbish") {
		t.Errorf("the error is %v", err)
	}
	if err := greet(t, keeper, keeper.Authority(), "localhost", now.time()); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ca.key"), caKey, 0o600); err != nil {
		t.Fatal(err)
	}
	if leaf(t, keeper).SerialNumber.Cmp(first.SerialNumber) != 0 {
		t.Error("a handshake tried again at once")
	}
	now.pass(retryAfter)
	if leaf(t, keeper).SerialNumber.Cmp(first.SerialNumber) == 0 {
		t.Error("it was not renewed once that was possible")
	}
}

func TestHandshakesWhileItRenews(t *testing.T) {
	dir, now := t.TempDir(), newClock()
	keeper := mustOpen(t, dir, now)
	first := leaf(t, keeper)
	now.pass(300 * 24 * time.Hour)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if pair, err := keeper.GetCertificate(nil); err != nil || pair == nil {
				t.Errorf("%v, %v", pair, err)
			}
			if err := keeper.Refresh(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if leaf(t, keeper).SerialNumber.Cmp(first.SerialNumber) == 0 {
		t.Error("it was not renewed")
	}
	if files := contents(t, dir); len(files) != 4 {
		t.Errorf("the directory holds %d files", len(files))
	}
}
