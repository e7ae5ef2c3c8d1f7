package server_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"vireo/internal/model"
	"vireo/internal/server"
	"vireo/internal/store"
	"vireo/internal/store/sqlstore"
	"vireo/internal/store/storetest/postgres"
)

// databases are the kinds of database; a fresh one of the kind each time.
var databases = map[string]func(*testing.T) string{
	"SQLite":     func(*testing.T) string { return "" },
	"PostgreSQL": func(t *testing.T) string { return postgres.Start(t) },
}

// TestRestore: the data is lost while guests run. The backup, made while the
// engine worked and before the last of them was started, brings all back, and
// the guests are taken over as they are.
func TestRestore(t *testing.T) {
	for from, database := range databases {
		for to, target := range databases {
			t.Run(from+" to "+to, func(t *testing.T) {
				s := newSite(t)
				s.config.Database = database(t)
				s.start()
				early, late, down := s.addVM("early"), s.addVM("late"), s.addVM("down")
				s.want(200, "POST", "/api/vms/"+early+"/start", "<action/>")
				s.until("/api/vms/"+early, "<state>up</state>")
				backup := s.backup()
				s.want(200, "POST", "/api/vms/"+late+"/start", "<action/>")
				s.until("/api/vms/"+late, "<state>up</state>")
				s.end()

				lost := s.config
				s.config.DataDir, s.config.Database = t.TempDir(), target(t)
				if note, err := server.Restore(context.Background(), backup, s.config.DataDir, s.config.Database, false); err != nil || note != "" {
					t.Fatalf("%v, %q", err, note)
				}
				s.config.AdminPassword = "not that of the backup"
				s.start()
				s.config.AdminPassword = lost.AdminPassword
				s.until("/api/vms/"+early, "<state>up</state>")
				s.until("/api/vms/"+late, "<state>up</state>")
				s.want(200, "GET", "/api/vms/"+down, "", "<state>down</state>")
				s.comes("it is over to take guests over", func() bool {
					return !slices.ContainsFunc(s.engine.Inventory.Options.All(), func(o *model.Option) bool { return o.Name == "engine.restored" })
				})
				if broken := s.world.Violations(); len(broken) > 0 {
					t.Errorf("the world complains: %v", broken)
				}
				// They are ours again: to be stopped, for example.
				s.want(200, "POST", "/api/vms/"+late+"/stop", "<action/>")
				s.until("/api/vms/"+late, "<state>down</state>")
			})
		}
	}
}

// backup makes one of the running engine.
func (s *site) backup() string {
	s.Helper()
	path := filepath.Join(s.TempDir(), "backup")
	tools := s.tools()
	defer tools.Close()
	if err := tools.Backup(context.Background(), path); err != nil {
		s.Fatal(err)
	}
	for _, made := range []string{path, path + server.KeySuffix} {
		info, err := os.Stat(made)
		if err != nil {
			s.Fatal(err)
		}
		if info.Mode() != 0o600 {
			s.Errorf("%s has the mode %v", made, info.Mode())
		}
	}
	return path
}

// TestRestoreRefusals: what is there is replaced only if that was asked for, and
// never under a running engine.
func TestRestoreRefusals(t *testing.T) {
	for name, database := range databases {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			s := newSite(t)
			s.config.Database = database(t)
			s.start()
			s.addVM("before")
			backup := s.backup()
			after := s.addVM("after")

			_, err := server.Restore(ctx, backup, s.config.DataDir, s.config.Database, true)
			if _, held := errors.AsType[*store.HeldError](err); !held {
				t.Errorf("under a running engine: %v", err)
			}
			s.end()
			if _, err := server.Restore(ctx, backup, s.config.DataDir, s.config.Database, false); !errors.Is(err, sqlstore.ErrNotEmpty) {
				t.Errorf("over data: %v", err)
			}
			damaged := filepath.Join(t.TempDir(), "damaged")
			if err := os.WriteFile(damaged, []byte("no backup at all"), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := server.Restore(ctx, damaged, s.config.DataDir, s.config.Database, true); err == nil {
				t.Error("a file that is no backup was restored")
			}
			s.start()
			s.want(200, "GET", "/api/vms/"+after, "")
			s.end()

			if _, err := server.Restore(ctx, backup, s.config.DataDir, s.config.Database, true); err != nil {
				t.Fatal(err)
			}
			s.start()
			s.want(404, "GET", "/api/vms/"+after, "")
			s.want(200, "GET", "/api/vms?search=name%3Dbefore", "", "<name>before</name>")
		})
	}
}
