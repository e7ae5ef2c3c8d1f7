package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"

	"vireo/internal/store"
)

// lockPatience is how long Open waits for the lock: an engine that was
// killed has lost it as soon as the server reads the end of its connection.
const lockPatience = "2s"

// lockKey makes the key of the advisory lock: one per schema of a database.
const lockKey = `hashtextextended('vireo engine ' || COALESCE(current_schema(), ''), 0)`

// lockPostgres takes the advisory lock with the one connection of db and gives
// the server's number of the session.
func lockPostgres(ctx context.Context, db *sql.DB) (backend int64, err error) {
	var encoding string
	if err := db.QueryRowContext(ctx, `SELECT current_setting('server_encoding')`).Scan(&encoding); err != nil {
		return 0, fmt.Errorf("connecting to PostgreSQL: %w", err)
	}
	if encoding != "UTF8" {
		return 0, fmt.Errorf("the database has the encoding %s; make one with UTF8", encoding)
	}
	_, err = db.ExecContext(ctx, `SELECT pg_advisory_lock(`+lockKey+`)`)
	if failure, ok := errors.AsType[*pgconn.PgError](err); ok && failure.Code == "55P03" {
		return 0, &store.HeldError{Holder: postgresHolder(ctx, db)}
	}
	if err != nil {
		return 0, fmt.Errorf("locking the database: %w", err)
	}
	if err := db.QueryRowContext(ctx, `SELECT pg_backend_pid()`).Scan(&backend); err != nil {
		return 0, fmt.Errorf("locking the database: %w", err)
	}
	return backend, nil
}

// postgresHolder says who has the lock: what it has written about itself, or,
// when it has not come to that yet, what the server knows of the session.
func postgresHolder(ctx context.Context, db *sql.DB) string {
	var backend int64
	var session string
	err := db.QueryRowContext(ctx, `SELECT pid, 'a session of ' || COALESCE(client_addr::text, 'the same machine') ||
' (server process ' || pid || '), since ' || backend_start FROM pg_stat_activity JOIN pg_locks USING (pid)
WHERE locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
AND (classid::bigint << 32 | objid::bigint) = `+lockKey).Scan(&backend, &session)
	if err != nil {
		return "a session that has just ended"
	}
	var holder string
	err = db.QueryRowContext(ctx, `SELECT holder FROM engine WHERE backend = $1`, backend).Scan(&holder)
	if err != nil || holder == "" {
		return session
	}
	return holder
}
