package sitetest_test

import (
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/host/fake"
	"vireo/internal/model"
	"vireo/internal/server"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestEveryStatusCanBeReached is the harness's own test: every status has its
// way, and everything is whole again when its hold has ended.
func TestEveryStatusCanBeReached(t *testing.T) {
	for _, status := range model.Statuses {
		t.Run(string(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				site := sitetest.New(t, sitetest.Options{})
				site.Connected()
				site.Reach("vm", status)
				site.Whole(time.Minute)
			})
		})
	}
}

func TestEngineIsStartedAgainAfterAKill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := sitetest.New(t, sitetest.Options{})
		site.Connected()
		id := site.Reach("vm", model.StatusUp)
		site.Kill()
		site.Start()
		if site.Status(id) != model.StatusUp {
			t.Errorf("the VM is %s", site.Status(id))
		}
		site.Whole(sitetest.Soon)
	})
}

// TestRooms: what the generic tests try is what the server does.
func TestRooms(t *testing.T) {
	world := fake.New(fake.Options{})
	defer world.Close()
	opened, err := server.Open(t.Context(), server.Config{
		DataDir: t.TempDir(), AdminPassword: "a password for tests",
		Driver: world.Driver(), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	bare := engine.New(engine.Options{})
	sitetest.Install(bare)
	if got, want := keys(bare), keys(opened.Engine); !slices.Equal(got, want) {
		t.Errorf("the rows are %v, the server's %v", got, want)
	}
}

func keys(e *engine.Engine) []string {
	var all []string
	for _, row := range e.Commands() {
		all = append(all, row.Key())
	}
	slices.Sort(all)
	return all
}
