package watch

import (
	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// heard takes one event. Those that only a moment can tell are written at once;
// after any other the guest is looked at.
func (w *Watcher) heard(m *machine, conn host.Host, event host.Event) {
	if _, ours := w.inventory.VMs.Get(event.Guest); !ours {
		return
	}
	switch event.Kind {
	case host.EventStarted:
		w.started(m, conn, event.Guest)
	case host.EventReset:
		w.reset(event.Guest)
	case host.EventAgentDisconnected:
		w.agentLost(event.Guest)
	case host.EventAgentConnected:
		w.agentBack(event.Guest)
	case host.EventPanicked:
		w.note(event.Guest, audit.GuestPanicked)
	case host.EventWatchdog:
		w.note(event.Guest, audit.GuestWatchdog)
	case host.EventDefined, host.EventForgotten:
		return
	}
	w.looks.ask(event.Guest)
}

// edit changes a VM that has a guest; change says whether it changed anything.
func (w *Watcher) edit(id model.ID, change func(tx *inventory.Tx, vm *model.VM) bool) {
	err := w.inventory.Update(w.base, func(tx *inventory.Tx) error {
		vm, ok := tx.VMs.Get(id)
		if !ok || vm.Run.Host == "" {
			return nil
		}
		copied := model.Clone(vm)
		if change(tx, copied) {
			tx.VMs.Put(copied)
		}
		return nil
	})
	w.wrote(err)
}

// reset: the guest restarts inside its QEMU. Asked for, it is one half of a
// reboot; else it is a reboot from within (api-v3 4.2).
func (w *Watcher) reset(id model.ID) {
	w.edit(id, func(tx *inventory.Tx, vm *model.VM) bool {
		switch vm.Run.Status {
		case model.StatusRebootInProgress:
			vm.Run.ResetSeen = true
		case model.StatusUp:
			if _, held := tx.Holder(vm.Ref()); held {
				return false
			}
			engine.SetStatus(vm, model.StatusRebootInProgress, "")
			vm.Run.ResetSeen = true
			tx.Event(audit.New(audit.GuestRebooted, audit.About{VM: vm}))
		default:
			return false
		}
		return true
	})
	w.Engine.EditLive(id, func(live *model.Live) { live.IPs, live.Devices = nil, nil })
}

// agentLost: the agent's channel was closed, which in a reboot means that the
// guest is really going down.
func (w *Watcher) agentLost(id model.ID) {
	w.Engine.EditLive(id, func(live *model.Live) { live.AgentAlive = false })
	w.edit(id, func(_ *inventory.Tx, vm *model.VM) bool {
		if vm.Run.Status != model.StatusRebootInProgress || vm.Run.ResetSeen {
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
		engine.SetStatus(vm, model.StatusUp, "")
		vm.Run.AgentSeen = true
		return true
	})
}

func (w *Watcher) note(id model.ID, code audit.Code) {
	err := w.inventory.Update(w.base, func(tx *inventory.Tx) error {
		if vm, ok := tx.VMs.Get(id); ok && !w.told.heard(vm, code) {
			on, _ := tx.Hosts.Get(vm.Run.Host)
			tx.Event(audit.New(code, audit.About{VM: vm, Host: on}))
		}
		return nil
	})
	w.wrote(err)
}
