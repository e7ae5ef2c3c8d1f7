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
)

// rebooting says whether a VM is in a reboot, also while nothing is heard of it.
func rebooting(vm *model.VM) bool {
	return vm.Run.Status == model.StatusRebootInProgress ||
		lifecycle.Silent(vm.Run.Status) && vm.Run.Before == model.StatusRebootInProgress
}

// reset: the guest restarts inside its QEMU. Asked for, it is one half of a
// reboot; else it is a reboot from within (api-v3 4.2).
func (w *Watcher) reset(id model.ID) {
	w.edit(id, func(tx *inventory.Tx, vm *model.VM) bool {
		unfrozen := foundThawed(tx, vm)
		switch {
		case rebooting(vm):
			vm.Run.ResetSeen = true
		case vm.Run.Status == model.StatusUp:
			if _, held := tx.Holder(vm.Ref()); held {
				return unfrozen
			}
			engine.SetStatus(vm, model.StatusRebootInProgress, "")
			vm.Run.ResetSeen = true
			tx.Event(audit.New(audit.GuestRebooted, audit.About{VM: vm}))
		default:
			return unfrozen
		}
		return true
	})
	w.Engine.GuestRestarted(id)
}

// agentLost: the agent's channel was closed, which in a reboot means that the
// guest is really going down.
func (w *Watcher) agentLost(id model.ID) {
	w.Engine.EditLive(id, func(live *model.Live) { live.AgentAlive = false })
	w.edit(id, func(_ *inventory.Tx, vm *model.VM) bool {
		if !rebooting(vm) || vm.Run.ResetSeen {
			return false
		}
		vm.Run.ResetSeen = true
		return true
	})
}

// agentBack: the agent answers. It ends a reboot whose guest had gone, also while
// the request still waits for its answer; the way up after a start is found by
// the look that follows.
func (w *Watcher) agentBack(id model.ID) {
	w.Engine.EditLive(id, func(live *model.Live) { live.AgentAlive = true })
	w.edit(id, func(_ *inventory.Tx, vm *model.VM) bool {
		if vm.Run.Status != model.StatusRebootInProgress || !vm.Run.ResetSeen {
			return false
		}
		endReboot(vm)
		return true
	})
}

func endReboot(vm *model.VM) {
	engine.SetStatus(vm, model.StatusUp, "")
	vm.Run.AgentSeen = true
}

// seekReturn asks a guest that is seen with an agent in the middle of a reboot
// whether it is back: the events that tell so may have been missed. It has its own
// turn, since an agent that is silent would hold up the looks at its guest.
func (w *Watcher) seekReturn(ctx context.Context, id model.ID) {
	vm, exists := w.inventory.VMs.Get(id)
	if !exists || vm.Run.Status != model.StatusRebootInProgress {
		return
	}
	conn, err := w.Connected(vm.Run.Host)
	if err != nil {
		return
	}
	bounded, cancel := context.WithTimeout(ctx, w.values.Duration("HostCallTimeout"))
	defer cancel()
	returned, err := w.hasReturned(bounded, conn, vm)
	if err != nil {
		w.Log.DebugContext(ctx, "a guest that reboots did not say whether it is back", "vm", id, "err", err)
	}
	if !returned {
		return
	}
	w.edit(id, func(_ *inventory.Tx, fresh *model.VM) bool {
		if fresh.Run.Status != model.StatusRebootInProgress || !fresh.Run.Since.Equal(vm.Run.Since) {
			return false
		}
		endReboot(fresh)
		return true
	})
	w.looks.ask(id)
}

// hasReturned: of a guest that was seen to go, an answer is enough, or a sign of life of the
// engine's own agent. Any other has
// restarted when it has lived for less time than has passed since it was asked
// to; one that cannot say is left to the time limit.
func (w *Watcher) hasReturned(ctx context.Context, conn host.Host, vm *model.VM) (bool, error) {
	if vm.Run.ResetSeen && w.Engine.HearsAgent(vm.ID) {
		return true, nil
	}
	if vm.Run.ResetSeen {
		err := conn.AgentPing(ctx, vm.ID)
		return err == nil, err
	}
	passed := time.Since(vm.Run.Since)
	uptime, err := conn.GuestUptime(ctx, vm.ID)
	if refused, ok := errors.AsType[*host.RefusedError](err); ok && refused.Code == host.RefusedUnsupported {
		return false, nil
	}
	return err == nil && uptime < passed, err
}

// missed notes, when a host is compared, that its guests may have done unheard
// what they were asked to. One whose request is still on its way has not been
// asked yet.
func missed(tx *inventory.Tx, on model.ID) {
	for _, vm := range tx.VMs.All() {
		if vm.Run.Host != on || !rebooting(vm) || vm.Run.ResetSeen || vm.Run.Unheard {
			continue
		}
		if _, held := tx.Holder(vm.Ref()); !held {
			edited, _ := tx.VMs.Edit(vm.ID)
			edited.Run.Unheard = true
		}
	}
}
