package disks

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// plugNew gives a disk that was made for a VM to the guest that the VM has now.
// Making the image may have taken long, and the VM was free meanwhile: only for
// this moment the job takes the VM's lock. A guest that refuses does not fail
// the job: the disk is there, attached and not active (event 2001).
func (r *room) plugNew(ctx context.Context, w *job.Work) error {
	var params AddParams
	if err := w.Params(&params); err != nil {
		return err
	}
	if !params.Active {
		return nil
	}
	turn, err := r.takeVM(w, params.VM)
	if err != nil || turn == nil {
		return err
	}
	vm, _ := r.Inventory.VMs.Get(params.VM)
	err = r.plug(ctx, w, vm, *turn)
	switch {
	case err == nil, hasEnded(err):
		// A VM that has just ended has the disk when it is started again.
		return r.markActive(w, params.VM)
	case !isFault(err):
		return err
	case fault.Of(err).Code == fault.HostSilent:
		// The guest may have the disk, so it counts as active.
		return errors.Join(r.markActive(w, params.VM), r.tellRefusal(w, params.VM, err))
	}
	return r.tellRefusal(w, params.VM, err)
}

func isFault(err error) bool {
	_, ok := errors.AsType[*fault.Fault](err)
	return ok
}

// takeVM takes the lock of a VM whose guest is to be given the disk, and returns
// how. Nil: there is no such guest, and the record is as it should be.
func (r *room) takeVM(w *job.Work, id model.ID) (*model.DiskAttachment, error) {
	var turn *model.DiskAttachment
	busy := false
	err := w.Update(w.Steady(), func(tx *inventory.Tx) error {
		turn, busy = nil, false
		vm, ok := tx.VMs.Get(id)
		if !ok {
			return nil
		}
		attached := attachment(vm, w.Job.Target.ID)
		if attached == nil || attached.Active {
			return nil
		}
		if holder, held := tx.Holder(vm.Ref()); held && holder.ID != w.Job.ID {
			busy = true
			return nil
		}
		switch {
		case !lifecycle.HasGuest(vm.Run.Status) || vm.Run.Host == "":
			return r.giveLater(tx, w, vm, attached)
		case vm.Effective().Stateless:
			tellInactive(tx, w, vm, "the VM was started stateless meanwhile.")
			return nil
		}
		turn = attached
		return lock(tx, w, vm.Ref())
	})
	if err == nil && busy {
		return nil, &job.BlockedError{Cause: fmt.Errorf("VM %s is held by another job", id), Until: func(ctx context.Context) error {
			return r.untilFree(ctx, model.Ref{Kind: model.KindVM, ID: id})
		}}
	}
	return turn, err
}

// giveLater records the disk for the next start; a suspended guest goes on
// without it, so it is left inactive.
func (r *room) giveLater(tx *inventory.Tx, w *job.Work, vm *model.VM, attached *model.DiskAttachment) error {
	if vm.Run.Suspended != nil {
		tellInactive(tx, w, vm, "the VM was suspended meanwhile.")
		return nil
	}
	attached.Active = true
	setAttachment(tx, vm.ID, attached.Disk, attached)
	return nil
}

// tellInactive tells that a new disk stays inactive.
func tellInactive(tx *inventory.Tx, w *job.Work, vm *model.VM, why string) {
	about := engine.AboutJob(tx, w.Job)
	about.VM, about.Detail = vm, why
	tx.Event(audit.New(audit.DiskPlugFailed, about))
}

// lock adds an object to the locks of a running job.
func lock(tx *inventory.Tx, w *job.Work, ref model.Ref) error {
	now, ok := tx.Job(w.Job.ID)
	if !ok {
		return errors.New("the job is not running any more")
	}
	if slices.Contains(now.Locks, ref) {
		return nil
	}
	copied := model.Clone(now)
	copied.Locks = append(copied.Locks, ref)
	tx.PutJob(copied)
	return nil
}

// untilFree returns when no job holds the object, or the context's error.
func (r *room) untilFree(ctx context.Context, ref model.Ref) error {
	for {
		changed := r.Inventory.Changed()
		if _, held := r.Inventory.Holder(ref); !held {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (r *room) markActive(w *job.Work, vm model.ID) error {
	return w.Update(w.Steady(), func(tx *inventory.Tx) error {
		found, ok := tx.VMs.Get(vm)
		if !ok {
			return nil
		}
		if attached := attachment(found, w.Job.Target.ID); attached != nil {
			attached.Active = true
			setAttachment(tx, vm, attached.Disk, attached)
		}
		return nil
	})
}

func (r *room) tellRefusal(w *job.Work, vm model.ID, refusal error) error {
	return w.Update(w.Steady(), func(tx *inventory.Tx) error {
		known, _ := tx.VMs.Get(vm)
		tellInactive(tx, w, known, fault.Of(refusal).Message())
		return nil
	})
}
