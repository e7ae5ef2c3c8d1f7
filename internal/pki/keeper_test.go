package pki

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFirstStart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "pki")
	now := newClock()
	keeper := mustOpen(t, dir, now, "engine.example.com", "192.0.2.10:8443", "[2001:db8::1]:8443")
	for name, mode := range map[string]fs.FileMode{"ca.pem": 0o644, "ca.key": 0o600, "server.pem": 0o644, "server.key": 0o600} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if files := contents(t, dir); len(files) != 4 || files["ca.pem"] != string(keeper.Authority()) {
		t.Errorf("the directory holds %d files", len(files))
	}
	names := []string{"127.0.0.1", "::1", "localhost", "engine.example.com", "192.0.2.10", "2001:db8::1"}
	if machine, err := os.Hostname(); err == nil && hostName.MatchString(strings.ToLower(machine)) {
		names = append(names, machine)
	}
	for _, name := range names {
		if err := greet(t, keeper, keeper.Authority(), name, now.time()); err != nil {
			t.Errorf("as %s: %v", name, err)
		}
	}
	for _, name := range []string{"elsewhere.example.com", "192.0.2.11"} {
		if err := greet(t, keeper, keeper.Authority(), name, now.time()); err == nil {
			t.Errorf("it passes for %s", name)
		}
	}
	stranger := mustOpen(t, t.TempDir(), now)
	if err := greet(t, keeper, stranger.Authority(), "localhost", now.time()); err == nil {
		t.Error("a client who trusts another engine trusts this one")
	}
	if keeper.Expires() != now.time().Add(serverLife) {
		t.Errorf("it expires at %v", keeper.Expires())
	}
}

func TestSecondStartChangesNothing(t *testing.T) {
	dir, now := t.TempDir(), newClock()
	mustOpen(t, dir, now, "engine.example.com")
	before := contents(t, dir)
	now.pass(30 * 24 * time.Hour)
	for _, hosts := range [][]string{{"engine.example.com"}, {"ENGINE.example.com."}, {}} {
		keeper := mustOpen(t, dir, now, hosts...)
		if err := keeper.Refresh(); err != nil {
			t.Fatal(err)
		}
		for name, text := range contents(t, dir) {
			if before[name] != text {
				t.Errorf("hosts %v: %s has changed", hosts, name)
			}
		}
	}
}

func TestAnotherHostIsAdded(t *testing.T) {
	dir, now := t.TempDir(), newClock()
	before := mustOpen(t, dir, now)
	after := mustOpen(t, dir, now, "192.0.2.10")
	if err := greet(t, after, before.Authority(), "192.0.2.10", now.time()); err != nil {
		t.Error(err)
	}
}
