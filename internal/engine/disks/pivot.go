package disks

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// pivot lets the guest use the new place, and records it. From the moment when the
// host is asked the two places differ as soon as the guest writes: it is the host that
// knows which one the guest has, or had when it ended. The VM is locked so that
// nobody makes the host forget that.
func (r *room) pivot(ctx context.Context, w *job.Work) error {
	var params MoveParams
	all, err := r.onTheWay(w, &params)
	if err != nil || all[0].arrived() {
		return err
	}
	mirror, err := r.mirrorOf(ctx, all[0])
	if err != nil {
		return engine.StorageFault(w.Job.Verb, all[0].to, err)
	}
	on, err := r.takeGuest(w, params.VM)
	if err != nil {
		return err
	}
	if on == "" {
		return fault.New(fault.VMNotRunning, w.Job.Verb+" of").Because(host.ErrNotFound)
	}
	there, err := r.pivotOn(w, on, params.VM, mirror)
	if err != nil || !there {
		return orElse(err, fault.New(fault.VMNotRunning, w.Job.Verb+" of"))
	}
	err = w.Update(w.Steady(), func(tx *inventory.Tx) error {
		arrive(tx, &params)
		return unlock(tx, w, model.Ref{Kind: model.KindVM, ID: params.VM})
	})
	if err == nil {
		r.Machines.Look(params.VM) // what happened to it while it was held
	}
	return err
}

// orElse is the error, or else the other one.
func orElse(err error, other *fault.Fault) error {
	if err != nil {
		return err
	}
	return other
}

// pivotOn asks the host, and then where the guest has the disk. An error with which
// that is not known makes the step be done again.
func (r *room) pivotOn(w *job.Work, on, vm model.ID, mirror host.Mirror) (there bool, err error) {
	var data moveData
	if err := w.Data(&data); err != nil {
		return false, err
	}
	asked := data.Pivoting
	data.Pivoting = true
	if err := w.Remember(&data); err != nil {
		return false, err
	}
	refused := r.OnHost(w, on, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		return conn.PivotMirror(ctx, vm, mirror)
	})
	if isBlocked(refused) {
		return false, refused
	}
	var paths map[model.ID]string
	err = r.OnHost(w, on, "HostCallTimeout", func(ctx context.Context, conn host.Host) (err error) {
		paths, err = conn.DiskPaths(ctx, vm)
		return err
	})
	switch {
	case errors.Is(err, host.ErrNotFound):
		// Somebody else made the host forget. Both were alike when it was first asked.
		return asked || refused == nil, nil
	case err == nil && paths[mirror.Disk] == mirror.To:
		return true, nil
	case err == nil && refused == nil:
		return false, r.HostFault(w.Job.Verb, on, &host.RefusedError{Reason: "the guest does not use the copy"})
	case err == nil && hasEnded(refused):
		return false, nil
	case err == nil:
		return false, r.HostFault(w.Job.Verb, on, refused)
	case isBlocked(err):
		return false, err
	}
	return false, &job.BlockedError{Cause: err, Until: func(ctx context.Context) error { return r.Machines.Await(ctx, on) }}
}

func isBlocked(err error) bool {
	_, blocked := errors.AsType[*job.BlockedError](err)
	return blocked
}

// takeGuest takes the lock of a VM and says on which host its guest is; empty: it has
// none. The lock is kept until it is given back, or the job ends.
func (r *room) takeGuest(w *job.Work, id model.ID) (on model.ID, err error) {
	busy := false
	ref := model.Ref{Kind: model.KindVM, ID: id}
	err = w.Update(w.Steady(), func(tx *inventory.Tx) error {
		on, busy = "", false
		vm, ok := tx.VMs.Get(id)
		if !ok || vm.Run.Host == "" {
			return nil
		}
		if holder, held := tx.Holder(ref); held && holder.ID != w.Job.ID {
			busy = true
			return nil
		}
		on = vm.Run.Host
		return lock(tx, w, ref)
	})
	if err == nil && busy {
		return "", &job.BlockedError{Cause: fmt.Errorf("VM %s is held by another job", id), Until: func(ctx context.Context) error {
			return r.untilFree(ctx, ref)
		}}
	}
	return on, err
}

// unlock takes an object from the locks of a running job.
func unlock(tx *inventory.Tx, w *job.Work, ref model.Ref) error {
	now, ok := tx.Job(w.Job.ID)
	if !ok {
		return errors.New("the job is not running any more")
	}
	copied := model.Clone(now)
	copied.Locks = slices.DeleteFunc(copied.Locks, func(held model.Ref) bool { return held == ref })
	tx.PutJob(copied)
	return nil
}

// reserve gives a preallocated disk that was mirrored the space that the mirror has
// left out. It was there when the move began; without it the disk is a thin one.
func (r *room) reserve(ctx context.Context, w *job.Work) error {
	var params MoveParams
	all, err := r.onTheWay(w, &params)
	if err != nil {
		return err
	}
	data := moveData{Pivoting: true, Sizes: make(map[model.ID]int64)}
	for _, each := range all {
		if !each.disk.Sparse {
			if err := r.Images.Reserve(ctx, each.to, each.disk, each.disk.ProvisionedSize); err != nil {
				r.Log.ErrorContext(ctx, "a preallocated disk that was moved has not all its space", "disk", each.disk.ID, "err", err)
			}
		}
		if occupied, err := r.Images.Occupied(ctx, each.to, each.disk.ID); err == nil {
			data.Sizes[each.disk.ID] = occupied
		}
	}
	return w.Remember(&data)
}
