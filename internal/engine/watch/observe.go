package watch

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
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
		return
	}
	bounded, cancel := context.WithTimeout(ctx, w.values.Duration("HostCallTimeout"))
	defer cancel()
	guest, err := conn.Guest(bounded, id)
	switch {
	case errors.Is(err, host.ErrNotFound):
		guest = host.Guest{ID: id, State: lifecycle.Absent}
	case err != nil:
		w.Log.Warn("a guest could not be looked at; trying again", "vm", id, "host", vm.Run.Host, "err", err)
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
	over, err := w.observe(ctx, vm.Run.Epoch, guest)
	w.wrote(err)
	if over && guest.State == host.Off {
		if err := conn.Forget(bounded, id); err != nil {
			w.Log.Warn("a guest that has ended could not be forgotten", "vm", id, "err", err)
		}
	}
	if fresh, ok := w.inventory.VMs.Get(id); ok && fresh.Run.Status == model.StatusUp && guest.AgentConnected {
		w.askGuest(id)
	}
}

// lookLater asks for another look after a failed one. A host that is out of reach
// has all its guests looked at when it is back.
func (w *Watcher) lookLater(id model.ID) {
	w.wait.Go(func() {
		timer := time.NewTimer(retryLook)
		defer timer.Stop()
		select {
		case <-timer.C:
			w.looks.ask(id)
		case <-w.base.Done():
		}
	})
}

// observe writes what a look at the run epoch means. over says that the run has
// ended and is recorded.
func (w *Watcher) observe(ctx context.Context, epoch uint64, guest host.Guest) (over bool, err error) {
	seen := lifecycle.Seen{State: guest.State, Pause: guest.Pause, End: guest.End, Agent: guest.AgentConnected}
	err = w.inventory.Update(ctx, func(tx *inventory.Tx) error {
		over = false
		vm, exists := tx.VMs.Get(guest.ID)
		if !exists || vm.Run.Epoch != epoch {
			return nil
		}
		if _, held := tx.Holder(vm.Ref()); held {
			w.restoreHeld(tx, vm)
			return nil
		}
		move, moved := lifecycle.Observe(vm.Run.Status, vm.Run.Before, vm.Run.Detail, seen)
		if !moved {
			w.refresh(tx, vm, guest)
			over = vm.Run.Status == model.StatusDown
			return nil
		}
		edited, _ := tx.VMs.Edit(vm.ID)
		if move.To == model.StatusDown {
			w.Engine.Down(tx, edited, move.Cause, endSentences[move.Cause], audit.About{})
			over = true
			return nil
		}
		on, _ := tx.Hosts.Get(edited.Run.Host)
		from := edited.Run.Status
		engine.SetStatus(edited, move.To, move.Detail)
		if guest.AgentConnected {
			edited.Run.AgentSeen = true
		}
		fillRun(edited, guest)
		w.tell(tx, edited, on, from, move)
		return nil
	})
	return over, err
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

// causes are the events that tell of a move. A panic and a watchdog are told
// when they are heard.
var causes = map[lifecycle.Cause]audit.Code{
	lifecycle.CausePaused:   audit.Paused,
	lifecycle.CauseIO:       audit.PausedIO,
	lifecycle.CauseNoSpace:  audit.PausedNoSpace,
	lifecycle.CausePerm:     audit.PausedPermission,
	lifecycle.CauseResumed:  audit.Resumed,
	lifecycle.CauseRestored: audit.StatusRestored,
	lifecycle.CauseAdopted:  audit.Adopted,
}

func (w *Watcher) tell(tx *inventory.Tx, vm *model.VM, on *model.Host, from model.Status, move lifecycle.Move) {
	about := audit.About{VM: vm, Host: on, Detail: string(move.To)}
	if from == model.StatusUnknown && move.Cause != lifecycle.CauseRestored {
		tx.Event(audit.New(audit.StatusRestored, about))
	}
	if code, told := causes[move.Cause]; told {
		tx.Event(audit.New(code, about))
	}
}

// foreign notices a guest that runs for another engine, or for other data of
// this one: it is left alone and the VM is unknown, with an alert.
func (w *Watcher) foreign(ctx context.Context, vm *model.VM, guest host.Guest) bool {
	if guest.State == lifecycle.Absent || guest.State == host.Off {
		return false
	}
	why := ""
	switch {
	case !guest.Ours:
		why = "It does not carry the mark of an engine."
	case guest.Engine != w.Engine.ID:
		why = fmt.Sprintf("It carries the mark of engine %s.", guest.Engine)
	case guest.Epoch != vm.Run.Epoch:
		why = fmt.Sprintf("Its run is %d and the recorded one %d: was the data directory copied?", guest.Epoch, vm.Run.Epoch)
	default:
		return false
	}
	err := w.inventory.Update(ctx, func(tx *inventory.Tx) error {
		edited, ok := tx.VMs.Edit(vm.ID)
		if !ok || edited.Run.Status == model.StatusUnknown && edited.Run.ExitReason == why {
			return nil
		}
		if edited.Run.Epoch != vm.Run.Epoch {
			// It was started anew while we looked.
			w.looks.ask(vm.ID)
			return nil
		}
		on, _ := tx.Hosts.Get(edited.Run.Host)
		before := edited.Run.Status
		engine.SetStatus(edited, model.StatusUnknown, "")
		edited.Run.Before, edited.Run.ExitReason = before, why
		tx.Event(audit.New(audit.ForeignEpoch, audit.About{VM: edited, Host: on, Detail: why}))
		return nil
	})
	w.wrote(err)
	return true
}
