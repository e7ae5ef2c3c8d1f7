package sqlstore_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"testing"

	"vireo/internal/model"
	"vireo/internal/store"
	"vireo/internal/store/sqlstore"
	"vireo/internal/store/storetest"
)

// database is a state that can be changed behind the engine's back.
type database interface {
	storetest.State
	exec(t testing.TB, statement string)
}

func eachDialect(t *testing.T, test func(*testing.T, database)) {
	t.Run("SQLite", func(t *testing.T) { test(t, freshSQLite(t)) })
	t.Run("PostgreSQL", func(t *testing.T) { test(t, freshPostgres(t)) })
}

func mustOpen(t testing.TB, state storetest.State) store.Store {
	t.Helper()
	opened, err := state.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	return opened
}

func put(id model.ID) *store.Batch {
	return &store.Batch{Put: []store.Record{{Kind: model.KindVM, ID: id, Document: json.RawMessage(`{}`)}}}
}

func count(t testing.TB, opened interface {
	Load(ctx context.Context, each func(store.Record) error) error
},
) (records int) {
	t.Helper()
	err := opened.Load(t.Context(), func(store.Record) error { records++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func wantFenced(t *testing.T, opened store.Store) {
	t.Helper()
	if err := opened.Commit(t.Context(), put("lost")); !errors.Is(err, store.ErrFenced) {
		t.Fatalf("committing gave %v", err)
	}
	select {
	case <-opened.Fenced():
	default:
		t.Error("the store does not say that it is fenced")
	}
}

// TestToken takes the right to write away although the lock is held, as on a
// file system whose locks do not reach other machines.
func TestToken(t *testing.T) {
	eachDialect(t, func(t *testing.T, state database) {
		opened := mustOpen(t, state)
		if err := opened.Commit(t.Context(), put("kept")); err != nil {
			t.Fatal(err)
		}
		state.exec(t, `UPDATE engine SET token = 'of another engine'`)
		wantFenced(t, opened)
		if records := count(t, opened); records != 1 {
			t.Errorf("%d records are kept, want 1", records)
		}
	})
}

// TestFileTaken removes or replaces the database file under the engine.
func TestFileTaken(t *testing.T) {
	for name, take := range map[string]func(path string) error{
		"removed": os.Remove,
		"renamed": func(path string) error { return os.Rename(path, path+".old") },
		"replaced": func(path string) error {
			return errors.Join(os.WriteFile(path+".new", nil, 0o600), os.Rename(path+".new", path))
		},
	} {
		t.Run(name, func(t *testing.T) {
			state := freshSQLite(t)
			opened := mustOpen(t, state)
			if err := take(state.path); err != nil {
				t.Fatal(err)
			}
			wantFenced(t, opened)
		})
	}
}

// TestLinkedFile opens one file by two names.
func TestLinkedFile(t *testing.T) {
	state := freshSQLite(t)
	mustOpen(t, state)
	link := t.TempDir() + "/link.db"
	if err := os.Symlink(state.path, link); err != nil {
		t.Fatal(err)
	}
	_, err := sqlstore.Open(t.Context(), "sqlite:"+link, sqlstore.Options{})
	if _, ok := errors.AsType[*store.HeldError](err); !ok {
		t.Errorf("opening a link to a file in use gave %v", err)
	}
}

// TestPrivateFiles looks at the mode of everything beside the database, also
// when the file was open to others before.
func TestPrivateFiles(t *testing.T) {
	state := freshSQLite(t)
	for range 2 {
		opened := mustOpen(t, state)
		if err := opened.Commit(t.Context(), put("a")); err != nil {
			t.Fatal(err)
		}
		for _, suffix := range []string{"", "-wal", "-shm", ".lock"} {
			info, err := os.Stat(state.path + suffix)
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode() != 0o600 {
				t.Errorf("vireo.db%s has the mode %v", suffix, info.Mode())
			}
		}
		if err := opened.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(state.path, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
