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

// restorable is a state of either dialect by its URL.
type restorable struct {
	database
	url string
}

func bothDialects(t *testing.T) map[string]restorable {
	sqlite, postgres := freshSQLite(t), freshPostgres(t)
	return map[string]restorable{"SQLite": {sqlite, sqlite.url}, "PostgreSQL": {postgres, postgres.url}}
}

// makeBackup makes a backup with two records.
func makeBackup(t *testing.T) string {
	t.Helper()
	opened := mustOpen(t, freshSQLite(t))
	path := filepath.Join(t.TempDir(), "backup")
	for _, id := range []model.ID{"a", "b"} {
		if err := opened.Commit(t.Context(), put(id)); err != nil {
			t.Fatal(err)
		}
	}
	if err := opened.Backup(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRestoreRefusesData(t *testing.T) {
	backup := makeBackup(t)
	for name, state := range bothDialects(t) {
		t.Run(name, func(t *testing.T) {
			opened := mustOpen(t, state)
			restore := func(replace bool) error {
				return sqlstore.Restore(t.Context(), backup, state.url, sqlstore.Options{}, replace)
			}
			if _, ok := errors.AsType[*store.HeldError](restore(true)); !ok {
				t.Error("a state in use was replaced")
			}
			if err := opened.Commit(t.Context(), put("of the target")); err != nil {
				t.Fatal(err)
			}
			if err := opened.Close(); err != nil {
				t.Fatal(err)
			}
			if err := restore(false); !errors.Is(err, sqlstore.ErrNotEmpty) {
				t.Errorf("restoring over data gave %v", err)
			}
			if records := count(t, reader(t, state.url)); records != 1 {
				t.Errorf("after the refusal %d records are there, want 1", records)
			}
			if err := restore(true); err != nil {
				t.Fatal(err)
			}
			if records := count(t, mustOpen(t, state)); records != 2 {
				t.Errorf("after the restore %d records are there, want 2", records)
			}
		})
	}
}

// TestRestoreIntoOpenedOnce restores where an engine has made its schema and
// kept nothing.
func TestRestoreIntoOpenedOnce(t *testing.T) {
	backup := makeBackup(t)
	for name, state := range bothDialects(t) {
		t.Run(name, func(t *testing.T) {
			if err := mustOpen(t, state).Close(); err != nil {
				t.Fatal(err)
			}
			if err := sqlstore.Restore(t.Context(), backup, state.url, sqlstore.Options{}, false); err != nil {
				t.Fatal(err)
			}
			if records := count(t, mustOpen(t, state)); records != 2 {
				t.Errorf("%d records are there, want 2", records)
			}
		})
	}
}

// TestRestoreOverKilled replaces a database whose WAL was left behind, which
// must not come back.
func TestRestoreOverKilled(t *testing.T) {
	backup, state := makeBackup(t), freshSQLite(t)
	writeAndKill(t, state.url, 30)
	if _, err := os.Stat(state.path + "-wal"); err != nil {
		t.Fatalf("the killed writer has left no WAL: %v", err)
	}
	if err := sqlstore.Restore(t.Context(), backup, state.url, sqlstore.Options{}, true); err != nil {
		t.Fatal(err)
	}
	opened := mustOpen(t, state)
	if records := count(t, opened); records != 2 {
		t.Errorf("%d records are there, want 2", records)
	}
	if last, err := opened.LastEvent(t.Context()); last != 0 || err != nil {
		t.Errorf("the last event is %d, %v; want that of the backup, 0", last, err)
	}
}

// TestRestoreRefusesDamage has files that are no backups; the target stays as
// it is, and nothing is left beside it.
func TestRestoreRefusesDamage(t *testing.T) {
	backup := makeBackup(t)
	whole, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	garbled := append([]byte{}, whole...)
	for i := 4096; i < len(garbled); i += 64 {
		garbled[i] ^= 0xff
	}
	inUse := write("in use", whole)
	write("in use-wal", []byte("more"))
	bad := map[string]string{
		"missing":       filepath.Join(folder, "missing"),
		"empty":         write("empty", nil),
		"not SQLite":    write("text", []byte(strings.Repeat("no database\n", 1000))),
		"cut off":       write("cut", whole[:len(whole)/2]),
		"damaged":       write("garbled", garbled),
		"half a backup": inUse,
		"a folder":      folder,
	}
	for dialect, state := range bothDialects(t) {
		opened := mustOpen(t, state)
		if err := opened.Commit(t.Context(), put("of the target")); err != nil {
			t.Fatal(err)
		}
		if err := opened.Close(); err != nil {
			t.Fatal(err)
		}
		for name, path := range bad {
			t.Run(dialect+"/"+name, func(t *testing.T) {
				if err := sqlstore.Restore(t.Context(), path, state.url, sqlstore.Options{}, true); err == nil {
					t.Error("it was restored")
				}
				if records := count(t, reader(t, state.url)); records != 1 {
					t.Errorf("%d records are there, want 1", records)
				}
				if file, ok := state.database.(sqliteState); ok {
					wantNoPartial(t, filepath.Dir(file.path))
				}
			})
		}
	}
	wantNoPartial(t, folder)
}

// wantNoPartial looks for files that were begun and not finished.
func wantNoPartial(t *testing.T, folder string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(folder, ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// TestRestoreNewer refuses the backup of a newer Vireo.
func TestRestoreNewer(t *testing.T) {
	source := freshSQLite(t)
	if err := mustOpen(t, source).Close(); err != nil {
		t.Fatal(err)
	}
	source.MakeNewer(t)
	for name, state := range bothDialects(t) {
		err := sqlstore.Restore(t.Context(), source.path, state.url, sqlstore.Options{}, true)
		if !errors.Is(err, store.ErrNewerSchema) {
			t.Errorf("%s: restoring a newer backup gave %v", name, err)
		}
	}
}

// TestRestoreItself names the database as its own backup.
func TestRestoreItself(t *testing.T) {
	state := freshSQLite(t)
	if err := mustOpen(t, state).Close(); err != nil {
		t.Fatal(err)
	}
	if err := sqlstore.Restore(t.Context(), state.path, state.url, sqlstore.Options{}, true); err == nil {
		t.Error("a database was restored from itself")
	}
}
