package sqlstore_test

import (
	"database/sql"
	"errors"
	"strings"
	"testing"
	"time"

	"vireo/internal/store"
	"vireo/internal/store/sqlstore"
)

// TestIdleSessionLost ends the session of an engine that writes nothing.
func TestIdleSessionLost(t *testing.T) {
	state := freshPostgres(t)
	opened := mustOpen(t, state)
	state.LoseLock(t)
	select {
	case <-opened.Fenced():
	case <-time.After(time.Minute):
		t.Error("nobody has noticed")
	}
}

// slowCommit makes the server sleep inside the commit of a new object.
const slowCommit = `CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(600); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER dawdle AFTER INSERT ON objects DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION dawdle()`

// TestCommitInDoubt cuts the connection while the server commits: the error
// promises neither that the batch was written nor that it was not.
func TestCommitInDoubt(t *testing.T) {
	state := freshPostgres(t)
	opened := mustOpen(t, state)
	state.exec(t, slowCommit)
	done := make(chan error)
	go func() { done <- opened.Commit(t.Context(), put("a")) }()
	waitForCommit(t, state)
	sqlstore.Cut(t, opened)
	err := <-done
	if err == nil || errors.Is(err, store.ErrFenced) || !strings.Contains(err.Error(), "not known") {
		t.Errorf("a commit that was cut off gave %v", err)
	}
	wantFenced(t, opened)
}

// waitForCommit waits until a session sleeps in its commit.
func waitForCommit(t *testing.T, state postgresState) {
	t.Helper()
	db, err := sql.Open(state.driver, state.source)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for range ticker.C {
		var sleeping bool
		err := db.QueryRowContext(t.Context(), `SELECT EXISTS (SELECT 1 FROM pg_stat_activity
WHERE datname = current_database() AND wait_event = 'PgSleep')`).Scan(&sleeping)
		if err != nil {
			t.Fatal(err)
		}
		if sleeping {
			return
		}
	}
}
