package sqlstore_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vireo/internal/model"
	"vireo/internal/store"
	"vireo/internal/store/sqlstore"
)

func reader(t testing.TB, url string) *sqlstore.Reader {
	t.Helper()
	opened, err := sqlstore.OpenReader(t.Context(), url, sqlstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	return opened
}

// TestReaderBesideEngine reads and backs up while the engine has the lock, and
// after it has ended.
func TestReaderBesideEngine(t *testing.T) {
	for name, state := range bothDialects(t) {
		t.Run(name, func(t *testing.T) {
			opened := mustOpen(t, state)
			beside := reader(t, state.url)
			for i, id := range []string{"a", "b"} {
				if err := opened.Commit(t.Context(), put(model.ID(id))); err != nil {
					t.Fatal(err)
				}
				if records := count(t, beside); records != i+1 {
					t.Errorf("%d records are seen, want %d", records, i+1)
				}
			}
			if err := beside.Backup(t.Context(), filepath.Join(t.TempDir(), "running")); err != nil {
				t.Error(err)
			}
			if err := opened.Close(); err != nil {
				t.Fatal(err)
			}
			after := filepath.Join(t.TempDir(), "ended")
			if err := reader(t, state.url).Backup(t.Context(), after); err != nil {
				t.Error(err)
			}
			if records := count(t, reader(t, "sqlite:"+after)); records != 2 {
				t.Errorf("the backup has %d records, want 2", records)
			}
		})
	}
}

// TestReaderRefuses opens what is not there.
func TestReaderRefuses(t *testing.T) {
	folder := t.TempDir()
	missing := filepath.Join(folder, "missing.db")
	if _, err := sqlstore.OpenReader(t.Context(), "sqlite:"+missing, sqlstore.Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("reading a missing file gave %v", err)
	}
	empty := filepath.Join(folder, "empty.db")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlstore.OpenReader(t.Context(), "sqlite:"+empty, sqlstore.Options{}); err == nil {
		t.Error("an empty file was read")
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 1 {
		t.Errorf("reading has made files: %v, %v", left, err)
	}
	for name, state := range bothDialects(t) {
		if err := mustOpen(t, state).Close(); err != nil {
			t.Fatal(err)
		}
		state.exec(t, `INSERT INTO schema_version (version_id, is_applied) VALUES (1000000, true)`)
		if _, err := sqlstore.OpenReader(t.Context(), state.url, sqlstore.Options{}); !errors.Is(err, store.ErrNewerSchema) {
			t.Errorf("%s: reading a newer state gave %v", name, err)
		}
	}
}

// TestLocations reads the forms of a database's name.
func TestLocations(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "deep", "er", "vireo.db")
	for _, url := range []string{"", "sqlite:" + path, "sqlite://" + path} {
		opened, err := sqlstore.Open(t.Context(), url, sqlstore.Options{DefaultPath: path})
		if err != nil {
			t.Fatalf("opening %q: %v", url, err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Errorf("opening %q made no file: %v", url, err)
		}
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	}
	dangling := filepath.Join(folder, "dangling")
	if err := os.Symlink(filepath.Join(folder, "nothing"), dangling); err != nil {
		t.Fatal(err)
	}
	for _, url := range []string{
		"", "sqlite:", "mysql://admin:hunter2@host/db", "/just/a/path", "sqlite:" + dangling, "sqlite:" + folder,
		"postgres://admin:hunter2@[bad/db", "postgres://admin:hunter2@localhost:1/db",
	} {
		_, err := sqlstore.Open(t.Context(), url, sqlstore.Options{})
		if err == nil {
			t.Errorf("%q was opened", url)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error shows the password: %v", err)
		}
	}
}
