package sqlstore

import (
	"embed"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
var migrations embed.FS

// dialect is what differs between the two databases beyond how they are opened.
// Queries are the same texts in both; their parameters are $1, $2, …
type dialect struct {
	name   string
	goose  goose.Dialect
	folder string
}

var (
	sqliteDialect   = dialect{name: "SQLite", goose: goose.DialectSQLite3, folder: "migrations/sqlite"}
	postgresDialect = dialect{name: "PostgreSQL", goose: goose.DialectPostgres, folder: "migrations/postgres"}
)
