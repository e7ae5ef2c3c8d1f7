package pki

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What may be found in the directory, and what becomes of it.
func TestDamagedFiles(t *testing.T) {
	write := func(name, text string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove := func(names ...string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			for _, name := range names {
				if err := os.Remove(filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	// other puts files of another engine in place.
	other := func(names ...string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			theirs := t.TempDir()
			mustOpen(t, theirs, newClock())
			files := contents(t, theirs)
			for _, name := range names {
				write(name, files[name])(t, dir)
			}
		}
	}
	half := func(name string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			text := contents(t, dir)[name]
			write(name, text[:len(text)/3])(t, dir)
		}
	}
	for _, test := range []struct {
		name   string
		damage func(*testing.T, string)
		wrong  string   // a part of the error; empty: it starts
		kept   []string // files that are as before the start
	}{
		{"server certificate gone", remove("server.pem"), "", []string{"ca.pem", "ca.key"}},
		{"server key gone", remove("server.key"), "", []string{"ca.pem", "ca.key"}},
		{"server certificate empty", write("server.pem", ""), "", []string{"ca.pem", "ca.key"}},
		{"server certificate half", half("server.pem"), "", []string{"ca.pem", "ca.key"}},
		{"server key half", half("server.key"), "", []string{"ca.pem", "ca.key"}},
		{"server key of another", other("server.key"), "", []string{"ca.pem", "ca.key"}},
		{"server pair of another engine", other("server.pem", "server.key"), "", []string{"ca.pem", "ca.key"}},
		{"authority without a certificate", remove("ca.pem"), "", []string{"ca.key", "server.pem", "server.key"}},
		{"whole authority gone", remove("ca.pem", "ca.key"), "", nil},
		{"authority without a key", remove("ca.key"), "lost its key", []string{"ca.pem", "server.pem", "server.key"}},
		{"authority key rubbish", write("ca.key", "rubbish"), "damaged", []string{"ca.pem", "ca.key", "server.pem", "server.key"}},
		{"authority key half", half("ca.key"), "damaged", []string{"ca.pem", "ca.key", "server.pem", "server.key"}},
		{"authority certificate half", half("ca.pem"), "damaged", []string{"ca.pem", "ca.key", "server.pem", "server.key"}},
		{"authority certificate of another", other("ca.pem"), "does not belong", []string{"ca.pem", "ca.key", "server.pem", "server.key"}},
		{"authority key of another", other("ca.key"), "does not belong", []string{"ca.pem", "ca.key", "server.pem", "server.key"}},
		{"server certificate as authority", func(t *testing.T, dir string) {
			write("ca.pem", contents(t, dir)["server.pem"])(t, dir)
		}, "does not belong", []string{"ca.pem", "ca.key", "server.pem", "server.key"}},
		{"unfinished file", write(".unfinished-123", "half a key"), "", []string{"ca.pem", "ca.key", "server.pem", "server.key"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir, now := t.TempDir(), newClock()
			mustOpen(t, dir, now)
			test.damage(t, dir)
			before := contents(t, dir)
			keeper, err := open(dir, nil, now.time)
			if test.wrong == "" && err != nil || test.wrong != "" && (err == nil || !strings.Contains(err.Error(), test.wrong)) {
				t.Fatalf("the error is %v, want %q", err, test.wrong)
			}
			after := contents(t, dir)
			for name, text := range after {
				if (before[name] == text) != slices.Contains(test.kept, name) {
					t.Errorf("%s is as before: %v", name, before[name] == text)
				}
			}
			if err != nil {
				return
			}
			if len(after) != 4 {
				t.Errorf("the directory holds %d files", len(after))
			}
			if err := greet(t, keeper, keeper.Authority(), "localhost", now.time()); err != nil {
				t.Error(err)
			}
			if again := mustOpen(t, dir, now); leaf(t, again).SerialNumber.Cmp(leaf(t, keeper).SerialNumber) != 0 {
				t.Error("the next start made another one")
			}
		})
	}
}

func TestForeignCertificateIsNotOverwritten(t *testing.T) {
	dir, now := t.TempDir(), newClock()
	mustOpen(t, dir, now)
	certificate, key := foreign(t, now.time(), "theirs.example.com")
	for name, text := range map[string][]byte{"server.pem": certificate, "server.key": key} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := open(dir, nil, now.time); err == nil || !strings.Contains(err.Error(), "not issued by this engine") {
		t.Errorf("the error is %v", err)
	}
	if files := contents(t, dir); files["server.pem"] != string(certificate) || files["server.key"] != string(key) {
		t.Error("it was overwritten")
	}
}

func TestOpenKeysAreClosed(t *testing.T) {
	dir, now := t.TempDir(), newClock()
	mustOpen(t, dir, now)
	for _, name := range []string{"ca.key", "server.key"} {
		if err := os.Chmod(filepath.Join(dir, name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	mustOpen(t, dir, now)
	for _, name := range []string{"ca.key", "server.key"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
}

func TestDirectoryThatCannotBe(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file, nil); err == nil {
		t.Error("a file was taken for a directory")
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "ca.key"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir, nil); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a directory was taken for a key: %v", err)
	}
}
