package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Backup writes a copy of one moment into a new file at path, mode 0600, while
// the state is in use; an existing file is refused. The copy is an SQLite
// database whatever the dialect, so that [Restore] can load it into either.
// It has its name only once it is complete and on the disk.
func (r *Reader) Backup(ctx context.Context, path string) (err error) {
	if err := refuseExisting(path); err != nil {
		return fmt.Errorf("writing the backup: %w", err)
	}
	partial, err := newPartial(path)
	if err != nil {
		return fmt.Errorf("writing the backup: %w", err)
	}
	defer func() {
		if err != nil {
			removePartial(partial)
		}
	}()
	if r.location.path != "" {
		err = r.vacuumInto(ctx, partial)
	} else {
		err = r.exportInto(ctx, partial)
	}
	if err != nil {
		return fmt.Errorf("writing the backup: %w", err)
	}
	if err := publish(partial, path, false); err != nil {
		return fmt.Errorf("writing the backup: %w", err)
	}
	return nil
}

// vacuumInto lets SQLite write the copy, through a connection of its own, since
// it takes long.
func (r *Reader) vacuumInto(ctx context.Context, path string) error {
	db, err := openSQLite(r.location.path, toCopy)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `VACUUM INTO $1`, path)
	return errors.Join(err, db.Close())
}

// exportInto copies a snapshot of PostgreSQL into an SQLite file.
func (r *Reader) exportInto(ctx context.Context, path string) (err error) {
	copied, err := openSQLite(path, toFill)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, copied.Close()) }()
	if err := migrate(ctx, copied, sqliteDialect); err != nil {
		return err
	}
	into, err := copied.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = into.Rollback() }()
	from, err := r.db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return err
	}
	defer func() { _ = from.Rollback() }()
	if err := copyState(ctx, from, sqliteTarget{into}); err != nil {
		return err
	}
	return into.Commit()
}
