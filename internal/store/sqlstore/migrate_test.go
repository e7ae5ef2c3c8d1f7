package sqlstore_test

import (
	"database/sql"
	"encoding/json"
	"testing"

	"vireo/internal/auth"
	"vireo/internal/model"
)

// TestProfilesStayPublic: vNIC profiles of a state from before they had permissions can be
// used by everybody afterwards, as they could before; once.
func TestProfilesStayPublic(t *testing.T) {
	const profile = "11111111-2222-4333-8444-555555555555"
	for name, state := range map[string]state{"SQLite": freshSQLite(t).state, "PostgreSQL": freshPostgres(t).state} {
		t.Run(name, func(t *testing.T) {
			for range 2 {
				opened, err := state.Open(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if err := opened.Close(); err != nil {
					t.Fatal(err)
				}
			}
			state.exec(t, `DELETE FROM schema_version WHERE version_id = 2`)
			state.exec(t, `INSERT INTO objects (kind, id, name, status, document)
				VALUES ('vnic_profile', '`+profile+`', 'front', '', '{"id":"`+profile+`","name":"front"}')`)
			for range 2 {
				opened, err := state.Open(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if err := opened.Close(); err != nil {
					t.Fatal(err)
				}
			}
			db, err := sql.Open(state.driver, state.source)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			var text string
			if err := db.QueryRowContext(t.Context(), `SELECT document FROM objects WHERE kind = 'permission'`).Scan(&text); err != nil {
				t.Fatal(err)
			}
			var got model.Permission
			if err := json.Unmarshal([]byte(text), &got); err != nil {
				t.Fatal(err)
			}
			want := model.Permission{
				ID: "00000000-2222-4333-8444-555555555555", Role: auth.VNICProfileUser, Group: auth.Everyone,
				Object: model.Ref{Kind: model.KindVNICProfile, ID: profile},
			}
			if got != want {
				t.Errorf("the permission is %+v, want %+v", got, want)
			}
		})
	}
}
