package watch

import (
	"context"
	"errors"
	"fmt"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// strangers deals with guests that run where no VM is recorded to run.
func (w *Watcher) strangers(tx *inventory.Tx, on *model.Host, guests []host.Guest) {
	for _, guest := range guests {
		w.stranger(tx, on, guest)
	}
}

// stranger takes over a guest that is known to be of a run of this engine, and
// that the record only missed. Any other that has the id of a VM is told of and
// left alone, and so is the VM: to start it would be to run it twice.
func (w *Watcher) stranger(tx *inventory.Tx, on *model.Host, guest host.Guest) {
	vm, known := tx.VMs.Get(guest.ID)
	if guest.State == host.Off || known && vm.Run.Host == on.ID && !w.adoption.now() {
		return
	}
	if !known {
		if guest.Ours && guest.Engine == w.Engine.ID {
			w.Log.Warn("a guest of this engine belongs to no VM; it is left alone",
				"host", on.ID, "vm", guest.ID, "name", guest.Name)
		}
		return
	}
	if _, held := tx.Holder(vm.Ref()); held {
		return
	}
	mine := guest.Ours && guest.Engine == w.Engine.ID
	switch {
	case mine && isLeft(tx, guest.ID, on.ID):
		// It is about to be ended.
	case mine && guest.PostCopy && vm.Run.Host != on.ID:
		// Half of a guest, left by a migration that broke: it runs on until it misses a
		// page, and is nobody's run.
	case mine && w.adoption.now() && guest.Epoch > vm.Run.Epoch:
		edited, _ := tx.VMs.Edit(vm.ID)
		// What is recorded of a run is an earlier one's, which is over.
		w.Engine.NeverRan(tx, edited)
		edited.Run.Epoch, edited.Run.BootID = guest.Epoch, on.BootID
		takeOver(tx, edited, on, guest)
	case vm.Run.Host == on.ID:
	case mine && guest.Epoch == vm.Run.Epoch && vm.Run.Host != "" && guest.HasCome() && w.isSilent(vm.Run.Host):
		// Somebody has brought it here from a host that nothing is heard of: what becomes of
		// that one does not matter to it.
		foundOn(tx, vm.ID, on, guest)
		w.looks.ask(vm.ID)
	case mine && guest.Epoch == vm.Run.Epoch && vm.Run.Host == "" && lifecycle.Resting(vm.Run.Status):
		edited, _ := tx.VMs.Edit(vm.ID)
		takeOver(tx, edited, on, guest)
	default:
		why := w.whose(vm, guest)
		if why == "" {
			why = "Its run is recorded to be on another host."
			w.looks.ask(vm.ID) // which may not have it any more
		}
		w.alien(tx, on, vm, why)
	}
}

// isSilent says that a host is not connected.
func (w *Watcher) isSilent(on model.ID) bool {
	_, err := w.Connected(on)
	return err != nil
}

// isLeft says whether a host is being freed of what a VM has left there.
func isLeft(tx *inventory.Tx, vm, on model.ID) bool {
	_, left := tx.Holder(model.Leftover(vm, on))
	return left
}

// takeOver records where a guest runs, with how much, and what it was begun with. Who holds
// its lease is not known.
func takeOver(tx *inventory.Tx, vm *model.VM, on *model.Host, guest host.Guest) {
	vm.Run.Host, vm.Run.Memory, vm.Run.Given = on.ID, guest.Memory, guest.Given
	vm.Run.Boot, vm.Run.Restart, vm.Run.Lease = vm.Effective().OS.Boot, nil, nil
	vm.Run.Astray = false
	if vm.Lease != "" {
		tx.Event(audit.New(audit.LeaseNotHeld, audit.About{VM: vm, Host: on}))
	}
}

// whose says on whose behalf a guest runs that is not of the recorded run of its
// VM; "" when it is of that run.
func (w *Watcher) whose(vm *model.VM, guest host.Guest) string {
	switch {
	case !guest.Ours:
		return "It does not carry the mark of an engine."
	case guest.Engine != w.Engine.ID:
		return fmt.Sprintf("It carries the mark of engine %s.", guest.Engine)
	case guest.Epoch != vm.Run.Epoch:
		return fmt.Sprintf("Its run is %d and the recorded one %d: was the data directory copied?", guest.Epoch, vm.Run.Epoch)
	}
	return ""
}

// alien makes a VM unknown whose guest runs on behalf of somebody else, with an
// alert. A VM that has a guest elsewhere keeps its status: that guest is watched.
func (w *Watcher) alien(tx *inventory.Tx, on *model.Host, vm *model.VM, why string) {
	if vm.Run.Host != "" && vm.Run.Host != on.ID {
		tx.Event(audit.New(audit.ForeignEpoch, audit.About{VM: vm, Host: on, Detail: why}))
		return
	}
	if vm.Run.Status == model.StatusUnknown && vm.Run.ExitReason == why {
		return
	}
	edited, _ := tx.VMs.Edit(vm.ID)
	engine.SetStatus(edited, model.StatusUnknown, "")
	edited.Run.ExitReason, edited.Run.Host, edited.Run.Lease = why, on.ID, nil
	tx.Event(audit.New(audit.ForeignEpoch, audit.About{VM: edited, Host: on, Detail: why}))
}

// foreign notices that the guest of a VM runs for another engine, or for other
// data of this one.
func (w *Watcher) foreign(ctx context.Context, vm *model.VM, guest host.Guest) bool {
	if guest.State == lifecycle.Absent || guest.State == host.Off || w.whose(vm, guest) == "" {
		return false
	}
	err := w.inventory.Update(ctx, func(tx *inventory.Tx) error {
		fresh, ok := tx.VMs.Get(vm.ID)
		if !ok {
			return nil
		}
		if fresh.Run.Epoch != vm.Run.Epoch || fresh.Run.Host != vm.Run.Host {
			// It was started anew while we looked.
			w.looks.ask(vm.ID)
			return nil
		}
		if _, held := tx.Holder(vm.Ref()); held {
			return nil
		}
		on, _ := tx.Hosts.Get(vm.Run.Host)
		w.alien(tx, on, fresh, w.whose(fresh, guest))
		return nil
	})
	w.wrote(err)
	return true
}

// started hears of a start. One of a VM that is not recorded to run on this host
// was not ours, or is not any more.
func (w *Watcher) started(m *machine, conn host.Host, id model.ID) {
	vm, known := w.inventory.VMs.Get(id)
	if !known || vm.Run.Host == m.id {
		return
	}
	w.wait.Go(func() {
		bounded, cancel := context.WithTimeout(w.base, w.values.Duration("HostCallTimeout"))
		defer cancel()
		guest, err := conn.Guest(bounded, id)
		if err != nil {
			if !errors.Is(err, host.ErrNotFound) {
				w.Log.Warn("a guest that was started could not be looked at", "vm", id, "host", m.id, "err", err)
			}
			return
		}
		w.wrote(w.inventory.Update(w.base, func(tx *inventory.Tx) error {
			if on, ok := tx.Hosts.Get(m.id); ok {
				w.stranger(tx, on, guest)
			}
			return nil
		}))
		w.looks.ask(id)
	})
}
