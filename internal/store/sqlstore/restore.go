package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ErrNotEmpty says that there is data where a backup was to be restored.
var ErrNotEmpty = errors.New("there is data already")

// Restore loads a backup into the state at the URL (see [Open]), which may be of
// the other dialect than the one the backup was made from. The target must be
// missing or empty (ErrNotEmpty), unless replace is true; then all that was
// there is gone. An engine that uses the target gives *store.HeldError.
//
// The backup is checked and brought to the newest schema in a private copy
// first, and the target changes in one moment: by a rename or a transaction.
func Restore(ctx context.Context, backup, url string, options Options, replace bool) error {
	where, err := parseLocation(url, options.DefaultPath)
	if err != nil {
		return err
	}
	if where.path != "" {
		err = restoreSQLite(ctx, backup, where.path, replace)
	} else {
		err = restorePostgres(ctx, backup, where.url, replace)
	}
	if err != nil {
		return fmt.Errorf("restoring %s: %w", backup, err)
	}
	return nil
}

func restoreSQLite(ctx context.Context, backup, path string, replace bool) (err error) {
	if info, err := os.Stat(backup); err == nil && sameFile(info, path) == nil {
		return errors.New("this is the database itself")
	}
	lock, err := lockSQLite(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.release()) }()
	if !replace {
		if err := refuseData(ctx, path); err != nil {
			return err
		}
	}
	copied, err := workingCopy(ctx, backup, path)
	if err != nil {
		return err
	}
	defer removePartial(copied)
	if err := retire(ctx, path); err != nil {
		return err
	}
	return publish(copied, path, true)
}

// workingCopy makes a private copy of the backup in the folder of path, and
// checks it and brings it forward there.
func workingCopy(ctx context.Context, backup, path string) (copied string, err error) {
	if wal, err := os.Stat(backup + "-wal"); err == nil && wal.Size() > 0 {
		return "", errors.New("this is not a backup but a database in use: a part of it is in another file")
	}
	if copied, err = newPartial(path); err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			removePartial(copied)
		}
	}()
	if err := copyFile(backup, copied); err != nil {
		return copied, err
	}
	db, err := openSQLite(copied, toFill)
	if err != nil {
		return copied, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := verifySQLite(ctx, db); err != nil {
		return copied, err
	}
	if err := checkSchema(ctx, db, sqliteDialect, true); err != nil {
		return copied, err
	}
	return copied, migrate(ctx, db, sqliteDialect)
}

// refuseData says ErrNotEmpty unless the file is missing, empty, or a database
// in which nothing was ever kept.
func refuseData(ctx context.Context, path string) error {
	if info, err := os.Stat(path); errors.Is(err, os.ErrNotExist) || err == nil && info.Size() == 0 {
		return nil
	}
	db, err := openSQLite(path, toRead)
	if err != nil {
		return err
	}
	defer db.Close()
	// What cannot be read as ours is not ours to replace either.
	if err := db.QueryRowContext(ctx, anythingKept).Scan(new(int64)); !errors.Is(err, sql.ErrNoRows) {
		return errors.Join(fmt.Errorf("%s: %w", path, ErrNotEmpty), err)
	}
	return nil
}

// anythingKept gives a row if there is an object, a job or an event.
const anythingKept = `SELECT 1 FROM engine WHERE last_event > 0
OR EXISTS (SELECT 1 FROM objects) OR EXISTS (SELECT 1 FROM jobs) OR EXISTS (SELECT 1 FROM events)`

// retire moves what the old database has in its WAL into its file, as far as
// that is sound, and removes the WAL: SQLite would take it for a part of the
// file that is put in place next.
func retire(ctx context.Context, path string) error {
	if _, err := os.Stat(path); err == nil {
		if db, err := openSQLite(path, toWrite); err == nil {
			_, _ = db.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
			_ = db.Close()
		}
	}
	for _, name := range []string{path + "-wal", path + "-shm", path + "-journal"} {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("removing what belongs to the old database: %w", err)
		}
	}
	return nil
}

func restorePostgres(ctx context.Context, backup, url string, replace bool) (err error) {
	folder, err := os.MkdirTemp("", "vireo-restore-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	copied, err := workingCopy(ctx, backup, filepath.Join(folder, "backup"))
	if err != nil {
		return err
	}
	source, err := openSQLite(copied, toRead)
	if err != nil {
		return err
	}
	defer source.Close()
	from, err := source.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("reading the backup: %w", err)
	}
	defer func() { _ = from.Rollback() }()

	session, err := connectPostgres(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.close()) }()
	return session.replaceState(ctx, from, replace)
}

// replaceState puts another state in the place of what there is, in one
// transaction. Rows are deleted, not truncated, which somebody's running
// backup of the old state would see.
func (s *postgresSession) replaceState(ctx context.Context, from *sql.Tx, replace bool) error {
	tx, err := s.conn.Begin(ctx)
	if err != nil {
		return fmt.Errorf("beginning to write: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	if _, err := tx.Exec(ctx, takeQuery, s.token, holderText(), int64(s.conn.PgConn().PID())); err != nil {
		return fmt.Errorf("taking the right to write: %w", err)
	}
	kept, err := tx.Exec(ctx, anythingKept)
	if err != nil {
		return fmt.Errorf("looking for data: %w", err)
	}
	if kept.RowsAffected() > 0 && !replace {
		return ErrNotEmpty
	}
	for _, one := range tables {
		if _, err := tx.Exec(ctx, "DELETE FROM "+one.name); err != nil {
			return fmt.Errorf("removing what was there: %w", err)
		}
	}
	if err := copyState(ctx, from, postgresTarget{tx}); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("committing what was restored: %w", err)
	}
	return nil
}
