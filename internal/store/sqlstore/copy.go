package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// table is a table with all its columns.
type table struct {
	name    string
	columns []string
}

// tables are all that a backup holds besides the newest event id.
var tables = []table{
	{"objects", []string{"kind", "id", "name", "status", "document"}},
	{"jobs", []string{"id", "action", "target_kind", "target", "status", "monitored", "correlation_id", "start_time", "end_time", "document"}},
	{"events", []string{"id", "code", "severity", "time", "correlation_id", "vm", "host", "user_id", "document"}},
	{"event_spans", []string{"span", "earliest", "latest"}},
}

// target takes the rows of a table, which next gives until it gives nil.
type target interface {
	fill(ctx context.Context, into table, next func() ([]any, error)) error
	setLastEvent(ctx context.Context, id int64) error
}

// copyState copies everything from the transaction of the one database into
// that of the other, which is empty, a row at a time.
func copyState(ctx context.Context, from *sql.Tx, into target) error {
	for _, one := range tables {
		if err := copyTable(ctx, from, one, into); err != nil {
			return fmt.Errorf("copying %s: %w", one.name, err)
		}
	}
	var last int64
	if err := from.QueryRowContext(ctx, `SELECT last_event FROM engine`).Scan(&last); err != nil {
		return fmt.Errorf("copying the id of the last event: %w", err)
	}
	if err := into.setLastEvent(ctx, last); err != nil {
		return fmt.Errorf("copying the id of the last event: %w", err)
	}
	return nil
}

func copyTable(ctx context.Context, from *sql.Tx, one table, into target) error {
	rows, err := from.QueryContext(ctx, "SELECT "+strings.Join(one.columns, ", ")+" FROM "+one.name) //nolint:sqlclosecheck // closed below; the linter loses sight of what a closure uses
	if err != nil {
		return err
	}
	defer rows.Close()
	return into.fill(ctx, one, func() ([]any, error) {
		if !rows.Next() {
			return nil, rows.Err()
		}
		values := make([]any, len(one.columns))
		places := make([]any, len(values))
		for i := range values {
			places[i] = &values[i]
		}
		if err := rows.Scan(places...); err != nil {
			return nil, err
		}
		for i, value := range values {
			if bytes, ok := value.([]byte); ok {
				values[i] = string(bytes)
			}
		}
		return values, nil
	})
}

// sqliteTarget fills an SQLite file.
type sqliteTarget struct{ tx *sql.Tx }

func (s sqliteTarget) fill(ctx context.Context, into table, next func() ([]any, error)) (err error) {
	places := make([]string, len(into.columns))
	for i := range places {
		places[i] = fmt.Sprintf("$%d", i+1)
	}
	insert, err := s.tx.PrepareContext(ctx, fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)",
		into.name, strings.Join(into.columns, ", "), strings.Join(places, ", ")))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, insert.Close()) }()
	for {
		row, err := next()
		if err != nil || row == nil {
			return err
		}
		if _, err := insert.ExecContext(ctx, row...); err != nil {
			return err
		}
	}
}

func (s sqliteTarget) setLastEvent(ctx context.Context, id int64) error {
	_, err := s.tx.ExecContext(ctx, `UPDATE engine SET last_event = $1`, id)
	return err
}

// postgresTarget fills a PostgreSQL database.
type postgresTarget struct{ tx pgx.Tx }

func (p postgresTarget) fill(ctx context.Context, into table, next func() ([]any, error)) error {
	_, err := p.tx.CopyFrom(ctx, pgx.Identifier{into.name}, into.columns, pgx.CopyFromFunc(next))
	return err
}

func (p postgresTarget) setLastEvent(ctx context.Context, id int64) error {
	_, err := p.tx.Exec(ctx, `UPDATE engine SET last_event = $1`, id)
	return err
}
