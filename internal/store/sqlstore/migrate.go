package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"vireo/internal/store"
)

// versionTable is where goose keeps which migrations were done.
const versionTable = "schema_version"

// migrate brings the schema of the one connection of db forward. A schema from
// the future gives store.ErrNewerSchema, and nothing is changed.
func migrate(ctx context.Context, db *sql.DB, d dialect) error {
	provider, err := migrationsOf(db, d)
	if err != nil {
		return err
	}
	version, target, err := provider.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("reading the version of the schema: %w", err)
	}
	if version > target {
		return newerSchema(version, target)
	}
	if version == target {
		return nil
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("bringing the schema from version %d to %d: %w", version, target, err)
	}
	return nil
}

// newestVersion is the schema that this program writes.
func newestVersion(db *sql.DB, d dialect) (int64, error) {
	provider, err := migrationsOf(db, d)
	if err != nil {
		return 0, err
	}
	sources := provider.ListSources()
	return sources[len(sources)-1].Version, nil
}

func migrationsOf(db *sql.DB, d dialect) (*goose.Provider, error) {
	folder, err := fs.Sub(migrations, d.folder)
	if err != nil {
		return nil, fmt.Errorf("reading the migrations: %w", err)
	}
	provider, err := goose.NewProvider(d.goose, db, folder,
		goose.WithTableName(versionTable), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return nil, fmt.Errorf("reading the migrations: %w", err)
	}
	return provider, nil
}

// errNoState says that a database holds no state of Vireo.
var errNoState = errors.New("there is no data of Vireo in it")

// checkSchema looks at the schema without changing anything, for those who only
// read. An older schema is refused as well unless older is true.
func checkSchema(ctx context.Context, db *sql.DB, d dialect, older bool) error {
	target, err := newestVersion(db, d)
	if err != nil {
		return err
	}
	var version int64
	if err := db.QueryRowContext(ctx, "SELECT MAX(version_id) FROM "+versionTable).Scan(&version); err != nil {
		return fmt.Errorf("%w (%w)", errNoState, err)
	}
	switch {
	case version > target:
		return newerSchema(version, target)
	case version == 0:
		return errNoState
	case version < target && !older:
		return fmt.Errorf("the data has schema %d and this program reads %d: start the engine once to bring it forward", version, target)
	}
	return nil
}

func newerSchema(version, target int64) error {
	return fmt.Errorf("%w: the data has schema %d, this program knows schemas up to %d",
		store.ErrNewerSchema, version, target)
}
