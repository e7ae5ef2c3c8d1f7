package watch

import (
	"context"
	"errors"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
	"vireo/internal/store"
)

// busyPause is how long a limit waits that has passed while a job holds the VM, or
// its host is out of reach.
const busyPause = time.Second

// expired does what the passing of a limit means.
func (w *Watcher) expired(rung alarm) {
	if rung.limit.Expiry == lifecycle.ExpireEscalate {
		w.escalate(rung)
		return
	}
	again := false
	err := w.inventory.Update(w.base, func(tx *inventory.Tx) error {
		vm, ok := tx.VMs.Get(rung.vm)
		if !ok || vm.Run.Status != rung.limit.Status || !vm.Run.Since.Equal(rung.since) {
			return nil
		}
		if _, held := tx.Holder(vm.Ref()); held {
			again = true
			return nil
		}
		edited, _ := tx.VMs.Edit(vm.ID)
		on, _ := tx.Hosts.Get(edited.Run.Host)
		about := audit.About{VM: edited, Host: on}
		switch rung.limit.Expiry {
		case lifecycle.ExpireShutdown:
			tx.Event(audit.New(audit.ShutdownIgnored, about))
		case lifecycle.ExpireReboot:
			// What was not heard of for a while may have obeyed.
			if !edited.Run.ResetSeen && !edited.Run.Unheard {
				about.Detail = "the guest ignored the request."
				tx.Event(audit.New(audit.RebootFailed, about))
			}
		}
		engine.SetStatus(edited, model.StatusUp, "")
		return nil
	})
	w.wrote(err)
	if again || err != nil && !errors.Is(err, store.ErrFenced) {
		w.again(rung)
	}
}

// again rings once more in a while; if the status has changed by then, nothing
// comes of it.
func (w *Watcher) again(rung alarm) {
	time.AfterFunc(busyPause, func() { w.alarms.rang(rung) })
}

// escalate presses the power button of a guest that its agent has not shut
// down (api-v3 3.5).
func (w *Watcher) escalate(rung alarm) {
	vm, ok := w.inventory.VMs.Get(rung.vm)
	if !ok || vm.Run.Status != rung.limit.Status || !vm.Run.Since.Equal(rung.since) || vm.Run.Escalated {
		return
	}
	if _, held := w.inventory.Holder(vm.Ref()); held {
		// The request is still on its way, or the VM is being powered off.
		w.again(rung)
		return
	}
	conn, err := w.Connected(vm.Run.Host)
	if err != nil {
		w.again(rung)
		return
	}
	bounded, cancel := context.WithTimeout(w.base, w.values.Duration("HostCallTimeout"))
	defer cancel()
	if err := conn.PressPower(bounded, vm.ID); err != nil {
		w.Log.Warn("the power button could not be pressed", "vm", vm.ID, "err", err)
		if errors.Is(err, host.ErrUnreachable) {
			w.again(rung)
		}
		return
	}
	w.edit(vm.ID, func(_ *inventory.Tx, edited *model.VM) bool {
		if edited.Run.Status != rung.limit.Status {
			return false
		}
		edited.Run.Escalated = true
		return true
	})
}
