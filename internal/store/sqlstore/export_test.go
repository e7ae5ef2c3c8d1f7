package sqlstore

import (
	"testing"

	"vireo/internal/store"
)

// Kill does to a store what the end of its process would do to the outside: the
// lock's file and the sockets are closed, and nothing else. What SQLite has
// open stays until the end of the test binary.
func Kill(t testing.TB, opened store.Store) {
	t.Helper()
	var err error
	switch s := opened.(*engine).session.(type) {
	case *sqliteSession:
		err = s.lock.file.Close()
	case *postgresSession:
		s.stop()
		<-s.stopped
		err = s.conn.PgConn().Conn().Close()
	}
	if err != nil {
		t.Fatalf("killing: %v", err)
	}
}

// Cut closes the socket of a PostgreSQL store, as a network that fails does.
func Cut(t testing.TB, opened store.Store) {
	t.Helper()
	if err := opened.(*engine).session.(*postgresSession).conn.PgConn().Conn().Close(); err != nil {
		t.Fatalf("cutting the connection: %v", err)
	}
}
