package inventory_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/store"
	"vireo/internal/store/sqlstore"
)

// counted counts what is written.
type counted struct {
	store.Store
	commits int
}

func (c *counted) Commit(ctx context.Context, batch *store.Batch) error {
	c.commits++
	return c.Store.Commit(ctx, batch)
}

// joinAll lets so many changes wait for one that is being made, and gives their errors.
func joinAll(t *testing.T, inv *inventory.Inventory, count int, change func(i int, tx *inventory.Tx)) []error {
	t.Helper()
	errs := make([]error, count)
	var all sync.WaitGroup
	update(t, inv, func(*inventory.Tx) error {
		for i := range count {
			all.Go(func() {
				errs[i] = inv.Join(t.Context(), func(tx *inventory.Tx) { change(i, tx) })
			})
		}
		for inv.Waiting() < count {
			runtime.Gosched()
		}
		return nil
	})
	all.Wait()
	return errs
}

// TestJoinedAreWrittenTogether: what waits is written in few transactions, and is as if it had
// been written one by one: each change sees those before it, and each event has its number.
func TestJoinedAreWrittenTogether(t *testing.T) {
	opened, err := sqlstore.Open(t.Context(), "", sqlstore.Options{DefaultPath: filepath.Join(t.TempDir(), "db")})
	if err != nil {
		t.Fatal(err)
	}
	kept := &counted{Store: opened}
	t.Cleanup(func() { _ = kept.Close() })
	inv, err := inventory.Open(t.Context(), kept)
	if err != nil {
		t.Fatal(err)
	}
	update(t, inv, func(tx *inventory.Tx) error { tx.VMs.Put(&model.VM{ID: "a"}); return nil })
	kept.commits = 0
	const count = 250
	for i, err := range joinAll(t, inv, count, func(i int, tx *inventory.Tx) {
		vm, _ := tx.VMs.Edit("a")
		vm.MigrationDowntime++
		tx.VMs.Put(&model.VM{ID: model.ID(fmt.Sprint("vm", i)), VMConfig: model.VMConfig{Name: fmt.Sprint("n", i%7)}})
		tx.Event(model.Event{Code: 1, Severity: model.SeverityNormal})
	}) {
		if err != nil {
			t.Errorf("change %d: %v", i, err)
		}
	}
	vm, _ := inv.VMs.Get("a")
	last, err := kept.LastEvent(t.Context())
	if vm.MigrationDowntime != count || inv.VMs.Len() != count+1 || last != count || err != nil {
		t.Errorf("%d changes are seen, %d VMs and %d events, %v", vm.MigrationDowntime, inv.VMs.Len(), last, err)
	}
	if kept.commits != 3 {
		t.Errorf("they were written in %d transactions", kept.commits)
	}
	kept.commits = 0
	if err := inv.Join(t.Context(), func(*inventory.Tx) {}); err != nil || kept.commits != 0 {
		t.Errorf("a change of nothing: %v, %d transactions", err, kept.commits)
	}
}

// TestJoinedFailTogether: none of them is seen when writing fails, and each is told.
func TestJoinedFailTogether(t *testing.T) {
	inv := fresh(t)
	update(t, inv, func(tx *inventory.Tx) error { tx.VMs.Put(&model.VM{ID: "a"}); return nil })
	if err := inv.Store().Close(); err != nil {
		t.Fatal(err)
	}
	for i, err := range joinAll(t, inv, 5, func(i int, tx *inventory.Tx) {
		tx.VMs.Put(&model.VM{ID: model.ID(fmt.Sprint("vm", i))})
	}) {
		if !errors.Is(err, store.ErrFenced) {
			t.Errorf("change %d: %v", i, err)
		}
	}
	if inv.VMs.Len() != 1 {
		t.Errorf("%d VMs are seen", inv.VMs.Len())
	}
}
