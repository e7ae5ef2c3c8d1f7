package postgres

import (
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestStart makes two databases on one server, each empty and apart from the other.
func TestStart(t *testing.T) {
	first, second := Start(t), Start(t)
	for _, url := range []string{first, second} {
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		// A second table of the same name in the same database would be refused.
		if _, err := conn.Exec(t.Context(), "CREATE TABLE things (id bigint)"); err != nil {
			t.Errorf("making a table in %s: %v", url, err)
		}
		if err := conn.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
