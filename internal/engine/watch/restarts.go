package watch

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// restarts are the highly available VMs that are to be started again.
type restarts struct {
	asked chan struct{}

	mu     sync.Mutex
	wanted map[model.ID]bool
	up     map[model.ID]bool // hosts
	// came says that a host has come up since the list was gone through: nothing
	// waits for its time then.
	came bool
}

func newRestarts() *restarts {
	return &restarts{wanted: make(map[model.ID]bool), up: make(map[model.ID]bool), asked: make(chan struct{}, 1)}
}

// follow keeps the list, and has it gone through when a VM has come or a host is up.
func (r *restarts) follow(ref model.Ref, object model.Object) {
	switch it := object.(type) {
	case *model.VM:
		wanted := it.Run.Restart != nil && it.Run.Restart.Wanted
		r.mu.Lock()
		had := r.wanted[ref.ID]
		if wanted {
			r.wanted[ref.ID] = true
		} else if had {
			delete(r.wanted, ref.ID)
		}
		r.mu.Unlock()
		if wanted {
			r.ask()
		}
	case *model.Host:
		up := it.Status == model.HostUp
		r.mu.Lock()
		came := up && !r.up[ref.ID]
		r.up[ref.ID] = up
		r.came = r.came || came
		r.mu.Unlock()
		if came {
			r.ask()
		}
	case nil:
		r.mu.Lock()
		delete(r.wanted, ref.ID)
		delete(r.up, ref.ID)
		r.mu.Unlock()
	}
}

func (r *restarts) ask() {
	select {
	case r.asked <- struct{}{}:
	default:
	}
}

// take gives the list, and whether a host has come up since it was last taken.
func (r *restarts) take() (ids []model.ID, came bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	came, r.came = r.came, false
	return slices.Collect(maps.Keys(r.wanted)), came
}

// keepRestarts starts what is due, the most important first, whenever something has
// changed or the next one falls due.
func (w *Watcher) keepRestarts() {
	for {
		next := w.restartDue()
		var due <-chan time.Time
		var timer *time.Timer
		if !next.IsZero() {
			timer = time.NewTimer(max(time.Until(next), time.Millisecond))
			due = timer.C
		}
		select {
		case <-w.restarts.asked:
		case <-due:
		case <-w.base.Done():
		}
		if timer != nil {
			timer.Stop()
		}
		if w.base.Err() != nil {
			return
		}
	}
}

// restartDue starts what is due, and says when the next one is.
func (w *Watcher) restartDue() (next time.Time) {
	var due []*model.VM
	now := time.Now()
	later := func(at time.Time) {
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	ids, came := w.restarts.take()
	for _, id := range ids {
		vm, ok := w.inventory.VMs.Get(id)
		if !ok || vm.Run.Restart == nil || !vm.Run.Restart.Wanted || vm.Run.Status != model.StatusDown {
			continue
		}
		if _, held := w.inventory.Holder(vm.Ref()); held {
			later(now.Add(busyPause))
			continue
		}
		if at := vm.Run.Restart.Next; at.After(now) && !came {
			later(at)
			continue
		}
		due = append(due, vm)
	}
	slices.SortStableFunc(due, func(a, b *model.VM) int {
		return cmp.Or(cmp.Compare(b.HA.Priority, a.HA.Priority), cmp.Compare(a.Name, b.Name))
	})
	for _, vm := range due {
		if at, again := w.restartNow(w.base, vm.ID); again {
			later(at)
		}
	}
	return next
}

// restartNow begins to start one VM, if it is still wanted. at is when it is due again,
// if nothing comes of it.
func (w *Watcher) restartNow(ctx context.Context, id model.ID) (at time.Time, again bool) {
	tries := w.values.Int("MaxNumOfTriesToRunFailedAutoStartVm")
	at = time.Now().UTC().Add(w.values.Duration("RetryToRunAutoStartVmIntervalInSeconds"))
	// The try is counted before it is made: an engine that dies of it counts it too.
	begin := false
	err := w.inventory.Update(ctx, func(tx *inventory.Tx) error {
		begin = false
		vm, ok := tx.VMs.Get(id)
		if !ok || vm.Run.Restart == nil || !vm.Run.Restart.Wanted || vm.Run.Status != model.StatusDown {
			return nil
		}
		edited, _ := tx.VMs.Edit(id)
		if !edited.HA.Enabled {
			edited.Run.Restart = nil
			return nil
		}
		if edited.Run.Restart.Tries >= tries {
			edited.Run.Restart = nil
			tx.Event(audit.New(audit.RestartGivenUp, audit.About{VM: edited}))
			return nil
		}
		edited.Run.Restart = &model.Restart{Wanted: true, Tries: edited.Run.Restart.Tries + 1, Next: at}
		begin = true
		return nil
	})
	w.wrote(err)
	if err != nil {
		return time.Now().Add(busyPause), true
	}
	if !begin {
		return at, false
	}
	_, err = w.Engine.Act(ctx, &engine.Call{On: model.KindVM, Name: "start", Target: id, Async: new(true)})
	if err == nil {
		return at, false // what becomes of it is seen by its job
	}
	w.Log.WarnContext(ctx, "a highly available VM could not be started again", "vm", id, "err", err)
	w.wrote(w.inventory.Update(ctx, func(tx *inventory.Tx) error {
		if vm, ok := tx.VMs.Get(id); ok {
			tx.Event(audit.New(audit.RestartFailed, audit.About{VM: vm, Detail: fault.Of(err).Message()}))
		}
		return nil
	}))
	return at, true
}
