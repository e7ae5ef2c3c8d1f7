package watch

import (
	"vireo/internal/audit"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// heard takes one event. Those that only a moment can tell are written at once;
// after any other the guest is looked at.
func (w *Watcher) heard(m *machine, conn host.Host, event host.Event) {
	vm, ours := w.inventory.VMs.Get(event.Guest)
	if !ours || vm.Run.Host != m.id {
		w.heardOfForeign(m, event.Guest)
	}
	if !ours {
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
	case host.EventIOError:
		w.stir()
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
