package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"vireo/internal/model"
	"vireo/internal/store"
)

// Reader reads a state without the right to write, beside the engine that has
// it or while none has. Its methods are safe for concurrent use.
type Reader struct {
	dialect  dialect
	location location
	db       *sql.DB
}

// OpenReader opens the state at the URL for reading; see [Open] for the forms of
// the URL. It takes no lock and changes nothing. A missing database gives
// os.ErrNotExist, a schema of a newer Vireo store.ErrNewerSchema. An SQLite file
// with an older schema can be opened, to be backed up before the engine brings
// it forward.
func OpenReader(ctx context.Context, url string, options Options) (*Reader, error) {
	where, err := parseLocation(url, options.DefaultPath)
	if err != nil {
		return nil, err
	}
	if where.path != "" {
		if _, err := os.Stat(where.path); err != nil {
			return nil, fmt.Errorf("opening the database: %w", err)
		}
	}
	r, err := openReader(where)
	if err != nil {
		return nil, err
	}
	if err := checkSchema(ctx, r.db, r.dialect, where.path != ""); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the database to read it: %w", err), r.Close())
	}
	return r, nil
}

func openReader(where location) (*Reader, error) {
	if where.path != "" {
		db, err := openSQLite(where.path, toRead)
		return &Reader{sqliteDialect, where, db}, err
	}
	db, err := openPostgres(where.url, toRead)
	return &Reader{postgresDialect, where, db}, err
}

// Close ends all use.
func (r *Reader) Close() error { return r.db.Close() }

// Load calls each for every record, in no order; an error of each ends it and
// is returned. All records are of one moment.
func (r *Reader) Load(ctx context.Context, each func(store.Record) error) error {
	rows, err := r.db.QueryContext(ctx, `SELECT kind, id, name, status, document FROM objects`)
	if err != nil {
		return fmt.Errorf("reading the objects: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var kind, id string
		var record store.Record
		var document []byte
		if err := rows.Scan(&kind, &id, &record.Name, &record.Status, &document); err != nil {
			return fmt.Errorf("reading the objects: %w", err)
		}
		record.Kind, record.ID, record.Document = model.Kind(kind), model.ID(id), json.RawMessage(document)
		if err := each(record); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("reading the objects: %w", err)
	}
	return nil
}

// LastEvent is the id of the newest event ever written, also when it has been
// removed since; 0 if none.
func (r *Reader) LastEvent(ctx context.Context) (int64, error) {
	var id int64
	if err := r.db.QueryRowContext(ctx, `SELECT last_event FROM engine`).Scan(&id); err != nil {
		return 0, fmt.Errorf("reading the id of the last event: %w", err)
	}
	return id, nil
}

// documents reads the last column of every row as a T; expected is how many
// rows there may be, 0 for not known.
func documents[T any](ctx context.Context, db *sql.DB, query string, args []any, expected int) ([]*T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var document sql.RawBytes
	into := make([]any, len(columns))
	for i := range into {
		into[i] = new(any)
	}
	into[len(into)-1] = &document
	out := make([]*T, 0, min(expected, pageLength))
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		value, err := decode[T](document)
		if err != nil {
			return nil, err
		}
		out = append(out, value)
	}
	return out, rows.Err()
}
