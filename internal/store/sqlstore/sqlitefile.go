package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// openSQLite opens the file, which must exist: a file that was removed is not
// made anew behind the engine's back.
//
// The WAL is synced at each commit (synchronous=FULL), which is the one fsync
// that a small batch costs; now and then a commit also moves the WAL into the
// database. Page caches are small, since objects are kept in memory anyway.
func openSQLite(path string, use purpose) (*sql.DB, error) {
	pragmas := []string{"busy_timeout(10000)", "foreign_keys(1)", "trusted_schema(0)"}
	connections := 1
	switch use {
	case toWrite:
		pragmas = append(pragmas, "journal_mode(WAL)", "synchronous(FULL)", "cache_size(-2000)", "journal_size_limit(16777216)")
	case toRead:
		pragmas = append(pragmas, "query_only(1)", "cache_size(-1000)")
		connections = readConnections
	case toCopy:
		// Not query_only, which forbids writing the other file, too.
		pragmas = append(pragmas, "cache_size(-1000)")
	case toFill:
		pragmas = append(pragmas, "journal_mode(DELETE)", "synchronous(OFF)", "cache_size(-8000)")
	}
	name := url.URL{Scheme: "file", Path: path, RawQuery: url.Values{"mode": {"rw"}, "_pragma": pragmas}.Encode()}
	db, err := sql.Open("sqlite", name.String())
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// makeFile makes an empty file that only its owner may read, which SQLite takes
// for an empty database; its WAL gets the same mode. A file that exists is only
// given the mode. The file is not opened when it exists: closing it would drop
// the locks that SQLite has on it in this process.
func makeFile(path string) error {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		return file.Close()
	}
	if !errors.Is(err, os.ErrExist) {
		return fmt.Errorf("making the database file: %w", err)
	}
	for _, name := range []string{path, path + "-wal", path + "-shm"} {
		if err := os.Chmod(name, 0o600); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("making the database file private: %w", err)
		}
	}
	return nil
}

// verifySQLite reads the whole file and says whether it is sound.
func verifySQLite(ctx context.Context, db *sql.DB) error {
	var answer string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&answer); err != nil {
		return fmt.Errorf("checking the file: %w", err)
	}
	if answer != "ok" {
		return fmt.Errorf("the file is damaged: %s", answer)
	}
	return nil
}
