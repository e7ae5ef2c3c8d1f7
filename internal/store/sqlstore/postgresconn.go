package sqlstore

import (
	"database/sql"
	"fmt"
	"maps"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// What a connection asks of the server, unless the URL asks otherwise. When an
// engine's host dies without a word, the server finds out after about half a
// minute and frees the lock; an engine that is cut off finds out before that
// (probeLimit, writeLimit) and stops.
var (
	postgresSettings = map[string]string{
		"application_name":                    "vireo",
		"tcp_keepalives_idle":                 "15",
		"tcp_keepalives_interval":             "5",
		"tcp_keepalives_count":                "3",
		"tcp_user_timeout":                    "30000",
		"idle_in_transaction_session_timeout": "30000",
	}
	postgresWriterSettings = map[string]string{"synchronous_commit": "on", "lock_timeout": lockPatience}
	postgresReaderSettings = map[string]string{"default_transaction_read_only": "on"}
)

// openPostgres prepares connections, which are made when they are needed. Its
// errors do not show the password of the URL.
func openPostgres(url string, use purpose) (*sql.DB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("reading the URL of the database: %w", err)
	}
	settings := maps.Clone(postgresSettings)
	connections := 1
	if use == toRead {
		maps.Copy(settings, postgresReaderSettings)
		connections = readConnections
	} else {
		maps.Copy(settings, postgresWriterSettings)
	}
	maps.Copy(settings, config.RuntimeParams)
	config.RuntimeParams = settings
	db := stdlib.OpenDB(*config)
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}
