package sqlstore_test

import (
	"context"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"vireo/internal/store"
	"vireo/internal/store/sqlstore"
	"vireo/internal/store/storetest"
	"vireo/internal/store/storetest/postgres"
)

func TestSQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.State { return freshSQLite(t) })
}

func TestPostgreSQL(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.State { return freshPostgres(t) })
}

// state is a state at a URL, for storetest; driver and source are how the
// tests get at its database without sqlstore.
type state struct{ url, driver, source string }

type sqliteState struct {
	state
	path string
}

type postgresState struct{ state }

// freshSQLite has a name with everything in it that a URL would take for
// something else.
func freshSQLite(t testing.TB) sqliteState {
	path := filepath.Join(t.TempDir(), "a #?%41&b", "vireo.db")
	source := url.URL{Scheme: "file", Path: path}
	return sqliteState{state{"sqlite:" + path, "sqlite", source.String()}, path}
}

func freshPostgres(t testing.TB) postgresState {
	url := postgres.Start(t)
	return postgresState{state{url, "pgx", url}}
}

func (s state) Open(ctx context.Context) (store.Store, error) {
	return sqlstore.Open(ctx, s.url, sqlstore.Options{})
}

func (s state) Kill(t testing.TB, opened store.Store) { sqlstore.Kill(t, opened) }

func (s state) Restored(t testing.TB, backup string) map[string]storetest.State {
	t.Helper()
	out := map[string]storetest.State{"SQLite": freshSQLite(t), "PostgreSQL": freshPostgres(t)}
	for _, url := range []string{out["SQLite"].(sqliteState).url, out["PostgreSQL"].(postgresState).url} {
		if err := sqlstore.Restore(t.Context(), backup, url, sqlstore.Options{}, false); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func (s state) MakeNewer(t testing.TB) {
	s.exec(t, `INSERT INTO schema_version (version_id, is_applied) VALUES (1000000, true)`)
}

// exec changes the database behind the engine's back.
func (s state) exec(t testing.TB, statement string) {
	t.Helper()
	db, err := sql.Open(s.driver, s.source)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func (s sqliteState) LoseLock(t testing.TB) {
	t.Helper()
	if err := os.Remove(s.path + ".lock"); err != nil {
		t.Fatal(err)
	}
}

// LoseLock ends the sessions that hold locks, as an administrator would.
func (s postgresState) LoseLock(t testing.TB) {
	s.exec(t, `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`)
}
