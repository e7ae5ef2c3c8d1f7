package sqlstore_test

import (
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"vireo/internal/model"
	"vireo/internal/store"
)

// TestCloseEndsEverything looks for goroutines that outlive their store.
func TestCloseEndsEverything(t *testing.T) {
	for name, state := range bothDialects(t) {
		before := goleak.IgnoreCurrent()
		opened := mustOpen(t, state)
		if err := opened.Commit(t.Context(), put("a")); err != nil {
			t.Fatal(err)
		}
		count(t, opened)
		if err := opened.Close(); err != nil {
			t.Fatal(err)
		}
		if err := goleak.Find(before); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestVirtualTime keeps an SQLite state open while years pass in no time, as
// the tests of the whole engine do.
func TestVirtualTime(t *testing.T) {
	state := freshSQLite(t)
	synctest.Test(t, func(t *testing.T) {
		opened := mustOpen(t, state)
		for id := int64(1); id <= 3; id++ {
			time.Sleep(365 * 24 * time.Hour)
			if err := opened.Commit(t.Context(), &store.Batch{Events: []model.Event{{ID: id, Time: time.Now()}}}); err != nil {
				t.Fatal(err)
			}
		}
		removed, err := opened.Prune(t.Context(), time.Now(), time.Now())
		if err != nil || removed != 2 {
			t.Errorf("pruning removed %d, %v; want 2", removed, err)
		}
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
}
