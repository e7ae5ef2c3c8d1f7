package snapshots

import (
	"context"
	"errors"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// freeze freezes the file systems of a guest that has an agent, unless somebody has
// already, or an attempt before this one has switched the guest. That it is frozen is
// written before it is: whatever happens, somebody knows.
func (r *room) freeze(w *job.Work, vm *model.VM, spec host.SnapshotSpec, data *takeData) error {
	if !data.Froze && !vm.Run.Frozen.IsZero() {
		return nil
	}
	wanted := false
	err := r.OnHost(w, vm.Run.Host, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		guest, err := conn.Guest(ctx, vm.ID)
		if err != nil {
			return err
		}
		if wanted = guest.AgentConnected && guest.State == host.Running; !wanted || !data.Froze {
			return nil
		}
		switched, ended, err := sees(ctx, conn, vm.ID, spec.Disks)
		wanted = !switched && !ended
		return err
	})
	switch {
	case engine.IsBlocked(err):
		return err
	case err != nil:
		return nil // the call that matters meets it again
	case !wanted && !data.Froze:
		data.Unfrozen = "It has no guest agent, so its file systems were not frozen."
		return nil
	case !wanted:
		return nil
	}
	data.Froze = true
	if err := errors.Join(w.Remember(data), r.markFrozen(w, vm.ID, true)); err != nil {
		return err
	}
	err = r.AskAgent(w.Steady(), w, vm, func(ctx context.Context, conn host.Host) error { return conn.AgentFreeze(ctx, vm.ID) })
	if engine.IsBlocked(err) {
		return err
	}
	if err != nil {
		data.Unfrozen = "Its file systems were not frozen: " + fault.Of(r.AgentFault(w, vm, fault.FreezeFailed, err)).Message()
	}
	return w.Steady().Err()
}

// thaw thaws what freeze has frozen. That it failed does not fail the snapshot: it is
// told, and the VM stays recorded as frozen, so that it is looked after.
func (r *room) thaw(w *job.Work, vm *model.VM, data *takeData) error {
	if !data.Froze {
		return nil
	}
	err := r.ThawGuest(w, vm)
	switch {
	case engine.IsBlocked(err):
		return err
	case err == nil, errors.Is(err, host.ErrNotFound):
		return r.markFrozen(w, vm.ID, false)
	case w.Steady().Err() != nil:
		return w.Steady().Err()
	}
	return w.Update(w.Steady(), func(tx *inventory.Tx) error {
		about := engine.AboutJob(tx, w.Job)
		about.Detail = fault.Of(r.AgentFault(w, vm, fault.ThawFailed, err)).Message()
		tx.Event(audit.New(audit.ThawFailed, about))
		return nil
	})
}

// markFrozen writes whether the file systems of a VM are frozen.
func (r *room) markFrozen(w *job.Work, id model.ID, frozen bool) error {
	return w.Update(w.Steady(), func(tx *inventory.Tx) error {
		vm, ok := tx.VMs.Edit(id)
		switch {
		case !ok:
		case !frozen:
			engine.Unfreeze(vm)
		case vm.Run.Frozen.IsZero():
			vm.Run.Frozen, vm.Run.FrozenTold = time.Now().UTC(), false
		}
		return nil
	})
}
