package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"vireo/internal/store"
)

// sqliteSession writes into an SQLite file under a file lock.
type sqliteSession struct {
	path  string
	lock  *fileLock
	db    *sql.DB
	conn  *sql.Conn
	token string
	// file is the database as it was opened; whoever replaces it takes the
	// right to write away.
	file os.FileInfo
	// prepared holds the statements by their text, of which there are few.
	prepared map[string]*sql.Stmt
}

// lockSQLite takes the lock of the database at path, making what is missing.
func lockSQLite(path string) (*fileLock, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o711); err != nil {
		return nil, fmt.Errorf("making the folder of the database: %w", err)
	}
	return lockFile(path+".lock", holderText())
}

// openSQLiteSession takes the lock, brings the schema forward and writes the token.
func openSQLiteSession(ctx context.Context, path string) (_ *sqliteSession, err error) {
	s := &sqliteSession{path: path, token: newToken(), prepared: map[string]*sql.Stmt{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if s.lock, err = lockSQLite(path); err != nil {
		return nil, err
	}
	if err = makeFile(path); err != nil {
		return nil, err
	}
	if s.db, err = openSQLite(path, toWrite); err != nil {
		return nil, err
	}
	if err = migrate(ctx, s.db, sqliteDialect); err != nil {
		return nil, err
	}
	if s.conn, err = s.db.Conn(ctx); err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	if _, err = s.exec(ctx, statement{takeQuery, []any{s.token, holderText(), int64(os.Getpid())}}); err != nil {
		return nil, fmt.Errorf("taking the right to write: %w", err)
	}
	if s.file, err = os.Stat(path); err != nil {
		return nil, fmt.Errorf("opening %s: %w", path, err)
	}
	return s, nil
}

func (s *sqliteSession) write(ctx context.Context, lastEvent int64, statements []statement) ([]int64, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	if _, err := s.exec(ctx, statement{query: "BEGIN IMMEDIATE"}); err != nil {
		return nil, fmt.Errorf("beginning a change: %w", err)
	}
	counts, err := s.writeAll(ctx, lastEvent, statements)
	if err != nil {
		return nil, errors.Join(err, s.rollBack(ctx))
	}
	if _, err := s.exec(ctx, statement{query: "COMMIT"}); err != nil {
		return nil, errors.Join(s.failedCommit(err), s.rollBack(ctx))
	}
	// What went into a file that is no longer there is lost.
	return counts, s.check()
}

func (s *sqliteSession) writeAll(ctx context.Context, lastEvent int64, statements []statement) ([]int64, error) {
	rows, err := s.exec(ctx, claim(s.token, lastEvent))
	if err != nil {
		return nil, fmt.Errorf("claiming the right to write: %w", err)
	}
	if rows != 1 {
		return nil, errTokenGone()
	}
	counts := make([]int64, len(statements))
	for i, one := range statements {
		if counts[i], err = s.exec(ctx, one); err != nil {
			return nil, fmt.Errorf("writing into SQLite: %w", err)
		}
	}
	return counts, nil
}

func (s *sqliteSession) exec(ctx context.Context, one statement) (int64, error) {
	prepared := s.prepared[one.query]
	if prepared == nil {
		var err error
		if prepared, err = s.conn.PrepareContext(ctx, one.query); err != nil {
			return 0, err
		}
		s.prepared[one.query] = prepared
	}
	result, err := prepared.ExecContext(ctx, one.args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// rollBack ends a transaction that failed. SQLite has ended it already after
// some errors, and then says so, which is no failure.
func (s *sqliteSession) rollBack(ctx context.Context) error {
	_, err := s.exec(ctx, statement{query: "ROLLBACK"})
	if err != nil && sqliteCode(err) != sqlite3.SQLITE_ERROR {
		return fmt.Errorf("undoing the change: %w", err)
	}
	return nil
}

// failedCommit tells a full disk, after which everything is as it was, from a
// disk that fails: what an fsync that failed has left there shows only after
// the next start.
func (s *sqliteSession) failedCommit(err error) error {
	switch sqliteCode(err) {
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%w: %w", errInDoubt, err)
	}
	return fmt.Errorf("committing to SQLite: %w", err)
}

// check says whether lock and database are the files that were opened.
func (s *sqliteSession) check() error {
	if err := errors.Join(s.lock.check(), sameFile(s.file, s.path)); err != nil {
		return fmt.Errorf("%w: %w", store.ErrFenced, err)
	}
	return nil
}

func (s *sqliteSession) close() error {
	var errs []error
	for _, prepared := range s.prepared {
		errs = append(errs, prepared.Close())
	}
	if s.conn != nil {
		errs = append(errs, s.conn.Close())
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.release())
	}
	return errors.Join(errs...)
}

// sqliteCode is the primary result code of an error of SQLite; 0 of others.
func sqliteCode(err error) int {
	if failure, ok := errors.AsType[*sqlite.Error](err); ok {
		return failure.Code() & 0xff
	}
	return 0
}
