package watch

import (
	"context"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/inventory"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// guard follows a VM whose file systems are frozen until they are not: now and then
// its agent is asked, for they may be thawed from inside, and once there is a
// warning. One guard per VM.
func (w *Watcher) guard(vm *model.VM) {
	if vm.Run.Frozen.IsZero() {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.guarding[vm.ID] || w.base.Err() != nil {
		return
	}
	w.guarding[vm.ID] = true
	w.wait.Go(func() { w.keepGuard(vm.ID) })
}

func (w *Watcher) keepGuard(id model.ID) {
	for w.isFrozen(id) {
		w.warnFrozen(id)
		timer := time.NewTimer(w.untilGuard(id))
		select {
		case <-timer.C:
		case <-w.base.Done():
			timer.Stop()
			return
		}
		w.thaws.ask(id)
	}
}

// isFrozen ends the guard of a VM that is not. A freeze after that begins another.
func (w *Watcher) isFrozen(id model.ID) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	vm, exists := w.inventory.VMs.Get(id)
	if exists && !vm.Run.Frozen.IsZero() {
		return true
	}
	delete(w.guarding, id)
	return false
}

// untilGuard is how long to wait before the guest is asked, or warned of.
func (w *Watcher) untilGuard(id model.ID) time.Duration {
	pause := w.values.Duration("GuestInfoInterval")
	if vm, exists := w.inventory.VMs.Get(id); exists && !vm.Run.FrozenTold {
		pause = min(pause, time.Until(vm.Run.Frozen.Add(w.values.Duration("FrozenWarningTime"))))
	}
	return max(pause, busyPause)
}

// warnFrozen warns once of a VM that has been frozen for too long.
func (w *Watcher) warnFrozen(id model.ID) {
	limit := w.values.Duration("FrozenWarningTime")
	late := func(vm *model.VM) bool {
		run := vm.Run
		return lifecycle.HasGuest(run.Status) && !run.Frozen.IsZero() && !run.FrozenTold && time.Since(run.Frozen) >= limit
	}
	if vm, exists := w.inventory.VMs.Get(id); !exists || !late(vm) {
		return
	}
	w.edit(id, func(tx *inventory.Tx, vm *model.VM) bool {
		if !late(vm) {
			return false
		}
		vm.Run.FrozenTold = true
		on, _ := tx.Hosts.Get(vm.Run.Host)
		since := vm.Run.Frozen.Format(time.RFC3339)
		tx.Event(audit.New(audit.StaysFrozen, audit.About{VM: vm, Host: on, Detail: since}))
		return true
	})
}

// seekThaw asks a guest that is recorded as frozen whether it still is.
func (w *Watcher) seekThaw(ctx context.Context, id model.ID) {
	vm, exists := w.inventory.VMs.Get(id)
	if !exists || vm.Run.Frozen.IsZero() || vm.Run.Status != model.StatusUp {
		return
	}
	conn, err := w.Connected(vm.Run.Host)
	if err != nil {
		return
	}
	bounded, cancel := context.WithTimeout(ctx, w.values.Duration("HostCallTimeout"))
	defer cancel()
	frozen, err := conn.AgentFrozen(bounded, id)
	if err != nil {
		w.Log.DebugContext(ctx, "a frozen guest did not say whether it still is", "vm", id, "err", err)
	}
	if err != nil || frozen {
		return
	}
	w.edit(id, func(tx *inventory.Tx, fresh *model.VM) bool {
		return fresh.Run.Frozen.Equal(vm.Run.Frozen) && foundThawed(tx, fresh)
	})
}

// foundThawed records that file systems are not frozen any more, though nobody has
// asked for that here; it says whether they were.
func foundThawed(tx *inventory.Tx, vm *model.VM) bool {
	if vm.Run.Frozen.IsZero() {
		return false
	}
	engine.Unfreeze(vm)
	on, _ := tx.Hosts.Get(vm.Run.Host)
	tx.Event(audit.New(audit.FoundThawed, audit.About{VM: vm, Host: on}))
	return true
}
