package watch

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
	"vireo/internal/store"
)

// retryLook is the pause after a look that failed.
const retryLook = time.Second

// lookNow looks at a VM's guest and writes what that means. A VM that a job
// holds is looked at again when the job ends.
func (w *Watcher) lookNow(ctx context.Context, id model.ID) {
	vm, exists := w.inventory.VMs.Get(id)
	if !exists || vm.Run.Host == "" {
		return
	}
	conn, err := w.Connected(vm.Run.Host)
	if err != nil {
		w.loseHeld(ctx, id)
		return
	}
	bounded, cancel := context.WithTimeout(ctx, w.values.Duration("HostCallTimeout"))
	defer cancel()
	guest, err := conn.Guest(bounded, id)
	unknown := errors.Is(err, host.ErrNotFound)
	switch {
	case unknown:
		guest = host.Guest{ID: id, State: lifecycle.Absent}
	case err != nil:
		w.Log.WarnContext(ctx, "a guest could not be looked at; trying again", "vm", id, "host", vm.Run.Host, "err", err)
		w.lookLater(id)
		return
	}
	if w.foreign(ctx, vm, guest) {
		return
	}
	if guest.State != lifecycle.Absent && guest.Epoch != vm.Run.Epoch {
		// What is left of an earlier run says nothing of this one.
		guest = host.Guest{ID: id, State: lifecycle.Absent}
	}
	switch {
	case !hasGone(vm, guest):
		w.heardAll(id)
	case w.findElsewhere(ctx, conn, vm, guest):
		return
	}
	alive := guest.State != host.Off && guest.State != lifecycle.Absent
	if alive && vm.Run.Status == model.StatusNotResponding && w.hangs(vm) {
		return
	}
	over, err := w.observe(ctx, vm, guest)
	w.wrote(err)
	if err != nil && !errors.Is(err, store.ErrFenced) {
		w.lookLater(id)
	}
	// Of a guest that somebody else has removed, or that never came, seeds may be left.
	if err == nil && over && (guest.State == host.Off || unknown) {
		w.forget(ctx, conn, id)
	}
	fresh, ok := w.inventory.VMs.Get(id)
	if ok && guest.AgentConnected && fresh.Run.Status == model.StatusUp {
		w.askGuest(id)
		w.thaws.ask(id)
	}
	if ok && (guest.AgentConnected || w.Engine.HearsAgent(id)) && fresh.Run.Status == model.StatusRebootInProgress {
		w.returns.ask(id)
	}
}

func (w *Watcher) forget(ctx context.Context, conn host.Host, id model.ID) {
	bounded, cancel := context.WithTimeout(ctx, w.values.Duration("HostCallTimeout"))
	defer cancel()
	if err := conn.Forget(bounded, id); err != nil {
		w.Log.WarnContext(ctx, "a guest that has ended could not be forgotten", "vm", id, "err", err)
	}
}

// lookLater asks for another look after a failed one. A host that is out of reach
// has all its guests looked at when it is back.
func (w *Watcher) lookLater(id model.ID) { w.lookIn(id, retryLook) }

// lookIn asks for a look after a while.
func (w *Watcher) lookIn(id model.ID, after time.Duration) {
	w.wait.Go(func() {
		timer := time.NewTimer(after)
		defer timer.Stop()
		select {
		case <-timer.C:
			w.looks.ask(id)
		case <-w.base.Done():
		}
	})
}

// observe writes what a look means that was begun when the VM was as in looked. A
// VM that has changed since, in the hands of a job perhaps, is looked at again.
// over says that the run has ended and is recorded.
func (w *Watcher) observe(ctx context.Context, looked *model.VM, guest host.Guest) (over bool, err error) {
	seen := lifecycle.Seen{State: guest.State, Pause: guest.Pause, End: guest.End, Agent: guest.AgentConnected || w.Engine.HearsAgent(guest.ID)}
	err = w.inventory.Join(ctx, func(tx *inventory.Tx) {
		over = false
		vm, exists := tx.VMs.Get(guest.ID)
		if !exists {
			return
		}
		if vm != looked {
			w.looks.ask(vm.ID)
			return
		}
		if _, held := tx.Holder(vm.Ref()); held {
			w.restoreHeld(tx, vm)
			return
		}
		move, moved := lifecycle.Observe(vm.Run.Status, vm.Run.Before, vm.Run.Detail, seen)
		if !moved {
			if lifecycle.Resting(vm.Run.Status) && (guest.State == lifecycle.Absent || guest.State == host.Off) {
				w.takeBack(tx, vm)
			}
			w.refresh(tx, vm, guest)
			over = vm.Run.Status == model.StatusDown
			return
		}
		edited, _ := tx.VMs.Edit(vm.ID)
		on, _ := tx.Hosts.Get(edited.Run.Host)
		switch {
		case lifecycle.Resting(move.To) && move.Cause == lifecycle.CauseRestored:
			w.neverRan(tx, edited, on, move)
			over = true
		case move.To == model.StatusDown:
			w.ended(tx, edited, on, move)
			over = true
		default:
			w.lives(tx, edited, on, guest, move)
		}
	})
	return over, err
}

// lives writes the move of a VM that has a guest.
func (w *Watcher) lives(tx *inventory.Tx, vm *model.VM, on *model.Host, guest host.Guest, move lifecycle.Move) {
	from := vm.Run.Status
	engine.SetStatus(vm, move.To, move.Detail)
	vm.Run.Astray = false
	if guest.AgentConnected {
		vm.Run.AgentSeen = true
	}
	if move.Cause == lifecycle.CauseAdopted && on != nil {
		vm.Run.BootID = on.BootID
	}
	engine.Orphan(tx, vm)
	fillRun(vm, guest)
	w.tell(tx, vm, on, from, move)
}

// ended writes the end of a run. A guest that is gone from a host which was
// restarted since went with it (event 143).
func (w *Watcher) ended(tx *inventory.Tx, vm *model.VM, on *model.Host, move lifecycle.Move) {
	if move.Cause == lifecycle.CauseVanished && on != nil && vm.Run.BootID != "" && vm.Run.BootID != on.BootID {
		w.wentWithHost(tx, vm, on)
		return
	}
	w.Engine.Down(tx, vm, move.Cause, endSentences[move.Cause], audit.About{})
}

func (w *Watcher) wentWithHost(tx *inventory.Tx, vm *model.VM, on *model.Host) {
	w.Engine.WentWithHost(tx, vm, on, "Its host was rebooted.")
}

// neverRan gives a VM whose start had an unknown end the status that it had
// before: no guest has come of it.
func (w *Watcher) neverRan(tx *inventory.Tx, vm *model.VM, on *model.Host, move lifecycle.Move) {
	engine.SetStatus(vm, move.To, "")
	if move.To == model.StatusDown {
		w.Engine.NeverRan(tx, vm)
	} else {
		engine.Unreserve(vm) // a suspended VM goes on with what it has
	}
	tx.Event(audit.New(audit.StatusRestored, audit.About{VM: vm, Host: on, Detail: string(move.To)}))
}

// takeBack takes the host from a VM that rests: its guest was found there, and has ended
// before anybody looked.
func (w *Watcher) takeBack(tx *inventory.Tx, vm *model.VM) {
	edited, _ := tx.VMs.Edit(vm.ID)
	if edited.Run.Status == model.StatusDown {
		w.Engine.NeverRan(tx, edited)
	} else {
		engine.Unreserve(edited)
	}
}

// restoreHeld gives a VM whose host answers again the status its job had given
// it.
func (w *Watcher) restoreHeld(tx *inventory.Tx, vm *model.VM) {
	if vm.Run.Status == model.StatusUnknown && vm.Run.Before != "" {
		edited, _ := tx.VMs.Edit(vm.ID)
		engine.SetStatus(edited, edited.Run.Before, edited.Run.Detail)
	}
}

// refresh keeps the run-time values true when the status does not change.
func (w *Watcher) refresh(tx *inventory.Tx, vm *model.VM, guest host.Guest) {
	if !lifecycle.HasGuest(vm.Run.Status) || guest.State == lifecycle.Absent {
		return
	}
	copied := model.Clone(vm)
	fillRun(copied, guest)
	if copied.Run.Console != vm.Run.Console || copied.Run.CDROM != vm.Run.CDROM ||
		(guest.AgentConnected && !vm.Run.AgentSeen) {
		edited, _ := tx.VMs.Edit(vm.ID)
		fillRun(edited, guest)
		edited.Run.AgentSeen = edited.Run.AgentSeen || guest.AgentConnected
	}
}

// fillRun writes what a live guest really has.
func fillRun(vm *model.VM, guest host.Guest) {
	vm.Run.Console = guest.Console
	if guest.DisplayType != "" {
		vm.Run.DisplayType = guest.DisplayType
	}
	vm.Run.CDROM = ""
	if guest.CDROM != "" {
		vm.Run.CDROM = filepath.Base(guest.CDROM)
	}
}

// endSentences say why a run ended, in the event and in the VM's record.
var endSentences = map[lifecycle.Cause]string{
	lifecycle.CauseOff:      "It was shut down from within the guest.",
	lifecycle.CauseKilled:   "It was powered off on its host, not by this engine.",
	lifecycle.CauseCrashed:  "Its QEMU process has died, or its kernel has panicked.",
	lifecycle.CauseVanished: "It is not on its host any more, and the host does not know why.",
}

// causes are the events that tell of a move.
var causes = map[lifecycle.Cause]audit.Code{
	lifecycle.CausePaused:   audit.Paused,
	lifecycle.CauseIO:       audit.PausedIO,
	lifecycle.CauseNoSpace:  audit.PausedNoSpace,
	lifecycle.CausePerm:     audit.PausedPermission,
	lifecycle.CauseResumed:  audit.Resumed,
	lifecycle.CauseRestored: audit.StatusRestored,
	lifecycle.CauseAdopted:  audit.Adopted,
	lifecycle.CausePanic:    audit.GuestPanicked,
	lifecycle.CauseWatchdog: audit.GuestWatchdog,
}

func (w *Watcher) tell(tx *inventory.Tx, vm *model.VM, on *model.Host, from model.Status, move lifecycle.Move) {
	about := audit.About{VM: vm, Host: on, Detail: string(move.To)}
	if from == model.StatusUnknown && move.Cause != lifecycle.CauseRestored {
		tx.Event(audit.New(audit.StatusRestored, about))
	}
	if code, told := causes[move.Cause]; told && !w.told.seen(vm, code) {
		tx.Event(audit.New(code, about))
	}
}
