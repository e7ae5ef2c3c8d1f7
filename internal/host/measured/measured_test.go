package measured_test

import (
	"log/slog"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"vireo/internal/host/fake"
	"vireo/internal/host/measured"
	"vireo/internal/model"
)

// TestCounts: calls and failures are counted by name and cause, and pass through.
func TestCounts(t *testing.T) {
	world := fake.New(fake.Options{OpenAddresses: true})
	defer world.Close()
	driver := measured.New(world.Driver(), slog.New(slog.DiscardHandler))
	registry := prometheus.NewRegistry()
	registry.MustRegister(driver)

	conn, err := driver.Connect(t.Context(), "fake://one")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Guest(t.Context(), model.NewID()); err == nil {
		t.Fatal("a guest that does not exist was found")
	}
	if err := conn.Alive(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := testutil.GatherAndCount(registry, "vireo_host_call_duration_seconds"); err != nil || n != 3 {
		t.Errorf("series of durations: %d, %v; want Connect, Guest and Alive", n, err)
	}
	if n, err := testutil.GatherAndCount(registry, "vireo_host_call_failures_total"); err != nil || n != 1 {
		t.Errorf("series of failures: %d, %v; want Guest not_found alone", n, err)
	}
}
