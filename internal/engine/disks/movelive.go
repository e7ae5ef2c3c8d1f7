package disks

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// A disk that a guest has goes in three steps. What its active volume stands on is
// only read, and copied; an empty active volume is made on top of the copy. The host
// mirrors what the active one holds and what the guest writes. When both are alike
// the guest is told to use the new one. The disk is locked all the while and the VM
// only for that last moment, so its guest may end at any time before.

// watching is how often a mirror is looked at.
const watching = 500 * time.Millisecond

// prepareThere makes the volumes at the new place.
func (r *room) prepareThere(ctx context.Context, w *job.Work) error {
	var params MoveParams
	all, err := r.onTheWay(w, &params)
	if err != nil {
		return err
	}
	for _, each := range all {
		if err := r.prepare(ctx, w, each, params.Owner); err != nil {
			return engine.StorageFault(w.Job.Verb, each.to, err)
		}
	}
	return nil
}

func (r *room) prepare(ctx context.Context, w *job.Work, what going, owner image.Owner) error {
	disk := what.disk
	n := len(disk.Chain)
	if n == 0 {
		return r.Images.Create(ctx, what.to, image.VolumeSpec{
			Disk: disk.ID, Volume: disk.Volume, Format: disk.Format, Sparse: disk.Sparse, Size: disk.ProvisionedSize,
			Alias: disk.Alias, Description: disk.Description, Owner: owner,
		})
	}
	below, _ := disk.Standing(disk.Chain[n-1].ID)
	if err := r.Images.CopyChain(ctx, image.Source{Domain: what.from, Disk: below}, what.to, disk.ID, nil, owner, w.Progress); err != nil {
		return err
	}
	if err := r.Images.Overlay(ctx, what.to, below, disk.Volume, owner); err != nil {
		return err
	}
	there := model.Clone(disk)
	for i := range there.Chain {
		there.Chain[i].Template = ""
	}
	if err := r.Images.Resize(ctx, what.to, there, disk.ProvisionedSize); err != nil {
		return err
	}
	return r.Images.Relate(ctx, what.to, there)
}

// mirrorOf is what the host is asked for.
func (r *room) mirrorOf(ctx context.Context, what going) (host.Mirror, error) {
	path, err := r.Images.Path(ctx, what.to, what.disk)
	return host.Mirror{Disk: what.disk.ID, To: path, Format: what.disk.Format, Shallow: len(what.disk.Chain) > 0}, err
}

// mirror has the host copy the disk and returns when both are alike.
func (r *room) mirror(ctx context.Context, w *job.Work) error {
	var params MoveParams
	all, err := r.onTheWay(w, &params)
	if err != nil {
		return err
	}
	mirror, err := r.mirrorOf(ctx, all[0])
	if err != nil {
		return engine.StorageFault(w.Job.Verb, all[0].to, err)
	}
	vm, ok := r.Inventory.VMs.Get(params.VM)
	if !ok || vm.Run.Host == "" {
		return fault.New(fault.VMNotRunning, w.Job.Verb+" of").Because(host.ErrNotFound)
	}
	err = r.OnHostWhile(ctx, w, vm.Run.Host, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		return conn.BeginMirror(ctx, vm.ID, mirror)
	})
	tick := time.NewTicker(watching)
	defer tick.Stop()
	for err == nil {
		var progress host.MirrorProgress
		err = r.OnHostWhile(ctx, w, vm.Run.Host, "HostCallTimeout", func(ctx context.Context, conn host.Host) (err error) {
			progress, err = conn.FollowMirror(ctx, vm.ID, mirror)
			return err
		})
		if err != nil {
			break
		}
		w.Progress(progress.Done, progress.Total)
		switch progress.State {
		case host.MirrorAlike, host.Mirrored:
			return nil
		case host.MirrorNone:
			return r.mirrorFault(ctx, w, vm, all[0])
		case host.Mirroring:
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if hasEnded(err) {
		return fault.New(fault.VMNotRunning, w.Job.Verb+" of").Because(err)
	}
	return r.HostFault(w.Job.Verb, vm.Run.Host, err)
}

// mirrorFault says why a mirror has come to nothing, which the host does not: most
// often the new place is full.
func (r *room) mirrorFault(ctx context.Context, w *job.Work, vm *model.VM, what going) error {
	if space, err := r.Images.Space(ctx, what.to); err == nil && space.Available < 2*tables {
		return fault.New(fault.DiskSpaceLow, w.Job.Verb, what.to.Name)
	}
	return r.HostFault(w.Job.Verb, vm.Run.Host, &host.RefusedError{Reason: "the copying of the disk has failed"})
}

// unmirror has the host stop copying. A guest that has ended copies nothing.
func (r *room) unmirror(_ context.Context, w *job.Work) error {
	var params MoveParams
	all, err := r.onTheWay(w, &params)
	if err != nil {
		return err
	}
	vm, ok := r.Inventory.VMs.Get(params.VM)
	if !ok || vm.Run.Host == "" {
		return nil
	}
	err = r.OnHost(w, vm.Run.Host, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		return conn.AbortMirror(ctx, vm.ID, all[0].disk.ID)
	})
	if hasEnded(err) {
		return nil
	}
	return err
}

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
		return cmpFault(err, fault.New(fault.VMNotRunning, w.Job.Verb+" of"))
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

// cmpFault is the error, or else the other one.
func cmpFault(err error, other *fault.Fault) error {
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
