package server_test

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vireo/internal/model"
	"vireo/internal/server"
	"vireo/internal/store/sqlstore"
)

// sealed makes an engine at rest with a secret, and a backup of it.
func sealed(t *testing.T) (s *site, backup string) {
	s = newSite(t)
	s.start()
	tools := s.tools()
	defer tools.Close()
	join := &server.JoinAccount{User: "joiner", Password: "p@55w0rd!"}
	if err := tools.SetDomain(context.Background(), "corp.example.com", server.DomainSettings{Join: join}); err != nil {
		t.Fatal(err)
	}
	backup = s.backup()
	s.end()
	return s, backup
}

// revealed is the secret of sealed, as the engine that runs can read it.
func (s *site) revealed() (string, error) {
	s.Helper()
	domain, there := s.engine.Inventory.Domains.Get(model.DomainID("corp.example.com"))
	if !there {
		s.Fatal("there is no domain")
	}
	return s.engine.Vault.Reveal(domain.JoinPassword)
}

// TestTheKeyComesBack: into nothing, and where it is already.
func TestTheKeyComesBack(t *testing.T) {
	s, backup := sealed(t)
	for _, into := range []string{t.TempDir(), s.config.DataDir} {
		s.config.DataDir = into
		note, err := server.Restore(context.Background(), backup, into, "", true)
		if err != nil || note != "" {
			t.Fatalf("%q, %v", note, err)
		}
		if got := s.mode("secrets.key"); got != 0o600 {
			t.Errorf("the key has the mode %v", got)
		}
		s.start()
		if text, err := s.revealed(); err != nil || text != "p@55w0rd!" {
			t.Errorf("the secret is %q, %v", text, err)
		}
		s.end()
	}
}

// TestTheKeyIsMissing: the rest comes back, with a note.
func TestTheKeyIsMissing(t *testing.T) {
	s, backup := sealed(t)
	if err := os.Remove(backup + server.KeySuffix); err != nil {
		t.Fatal(err)
	}
	note, err := server.Restore(context.Background(), backup, s.config.DataDir, "", true)
	if err != nil || !strings.Contains(note, "secrets.key stays") || !strings.Contains(note, "set anew") {
		t.Errorf("%q, %v", note, err)
	}
	s.start()
	if text, err := s.revealed(); err != nil || text != "p@55w0rd!" {
		t.Errorf("with the key that stayed the secret is %q, %v", text, err)
	}
	s.end()

	s.config.DataDir = t.TempDir()
	note, err = server.Restore(context.Background(), backup, s.config.DataDir, "", false)
	if err != nil || !strings.HasPrefix(note, backup+".key is missing: ") || !strings.Contains(note, "set anew") {
		t.Errorf("%q, %v", note, err)
	}
	s.start()
	if text, err := s.revealed(); err == nil {
		t.Errorf("without its key the secret is %q", text)
	}
}

// TestAnotherKeyIsKept: neither key nor state of the data directory is replaced.
func TestAnotherKeyIsKept(t *testing.T) {
	s, backup := sealed(t)
	other := newSite(t)
	other.start()
	vm := other.addVM("kept")
	other.end()
	before := other.read("secrets.key")
	_, err := server.Restore(context.Background(), backup, other.config.DataDir, "", true)
	if err == nil || !strings.Contains(err.Error(), "is another key than "+backup+".key") {
		t.Errorf("over another key: %v", err)
	}
	if err := os.WriteFile(backup+server.KeySuffix, []byte("no key"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{other.config.DataDir, t.TempDir()} {
		if _, err := server.Restore(context.Background(), backup, folder, "", true); err == nil || !strings.Contains(err.Error(), "is damaged") {
			t.Errorf("with a damaged key: %v", err)
		}
	}
	if other.read("secrets.key") != before {
		t.Error("the key was replaced")
	}
	other.start()
	other.want(200, "GET", "/api/vms/"+vm, "")
	// A refused restore leaves no key behind where there was none.
	if err := os.Remove(s.path("secrets.key")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(backup+server.KeySuffix, []byte(before), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := server.Restore(context.Background(), backup, s.config.DataDir, "", false); !errors.Is(err, sqlstore.ErrNotEmpty) {
		t.Errorf("over data: %v", err)
	}
	if _, err := os.Lstat(s.path("secrets.key")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a refused restore left a key: %v", err)
	}
}

// TestBackupsOverwriteNothing: neither a backup nor its key, and a backup that
// fails leaves no key.
func TestBackupsOverwriteNothing(t *testing.T) {
	withTools(t, func(t *testing.T, s *site, tools server.Tools) {
		ctx := context.Background()
		for _, suffix := range []string{"", server.KeySuffix} {
			path := filepath.Join(t.TempDir(), "backup")
			if err := os.WriteFile(path+suffix, []byte("precious"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := tools.Backup(ctx, path); err == nil || !strings.Contains(err.Error(), path+suffix) || !strings.Contains(err.Error(), "exists") {
				t.Errorf("over %s: %v", path+suffix, err)
			}
			entries, err := os.ReadDir(filepath.Dir(path))
			if err != nil || len(entries) != 1 {
				t.Errorf("left behind: %v, %v", entries, err)
			}
			if text, err := os.ReadFile(path + suffix); err != nil || string(text) != "precious" {
				t.Errorf("%s was overwritten: %v", path+suffix, err)
			}
		}
		if err := tools.Backup(ctx, filepath.Join(t.TempDir(), "missing", "backup")); err == nil {
			t.Error("there is a backup in a folder that does not exist")
		}
	})
}

// TestFailedBackup: without the state the key is of no use.
func TestFailedBackup(t *testing.T) {
	s := newSite(t)
	s.start()
	ended, end := context.WithCancel(context.Background())
	end()
	path := filepath.Join(t.TempDir(), "backup")
	if err := s.engine.Backup(ended, path); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// TestALostKeyIsToldOf: in the log, at the start and not at the first need.
func TestALostKeyIsToldOf(t *testing.T) {
	s, _ := sealed(t)
	var log strings.Builder
	s.config.Log = slog.New(slog.NewTextHandler(&log, nil))
	s.start()
	s.end()
	if text := "sealed with another key"; strings.Contains(log.String(), text) {
		t.Errorf("the key is there, and yet: %s", log.String())
	}
	if err := os.Remove(filepath.Join(s.config.DataDir, "secrets.key")); err != nil {
		t.Fatal(err)
	}
	s.start()
	s.end()
	if text := "vms_and_domains=1"; !strings.Contains(log.String(), text) {
		t.Errorf("the log lacks %q: %s", text, log.String())
	}
}
