package disks

import (
	"context"
	"time"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/image"
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
	state := host.Mirroring
	for err == nil && state == host.Mirroring {
		state, err = r.followMirror(ctx, w, vm, mirror)
	}
	switch {
	case hasEnded(err) && r.goesOn(w, vm):
		// The guest runs: what has ended is the copying.
		return r.mirrorFault(ctx, w, vm, all[0])
	case hasEnded(err):
		return fault.New(fault.VMNotRunning, w.Job.Verb+" of").Because(err)
	case err != nil:
		return r.HostFault(w.Job.Verb, vm.Run.Host, err)
	case state == host.MirrorNone:
		return r.mirrorFault(ctx, w, vm, all[0])
	}
	return nil
}

// goesOn says whether the guest of a VM runs, as far as its host says so.
func (r *room) goesOn(w *job.Work, vm *model.VM) bool {
	running := false
	err := r.OnHost(w, vm.Run.Host, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		guest, err := conn.Guest(ctx, vm.ID)
		running = err == nil && guest.State != host.Off && guest.State != host.ShuttingDown
		return err
	})
	return err == nil && running
}

// followMirror looks at a mirror, and waits a while when it still goes on.
func (r *room) followMirror(ctx context.Context, w *job.Work, vm *model.VM, mirror host.Mirror) (host.MirrorState, error) {
	var progress host.MirrorProgress
	err := r.OnHostWhile(ctx, w, vm.Run.Host, "HostCallTimeout", func(ctx context.Context, conn host.Host) (err error) {
		progress, err = conn.FollowMirror(ctx, vm.ID, mirror)
		return err
	})
	if err != nil {
		return progress.State, err
	}
	w.Progress(progress.Done, progress.Total)
	if progress.State == host.Mirroring {
		err = pause(ctx, watching)
	}
	return progress.State, err
}

// mirrorFault says why a mirror has come to nothing, which the host does not: most
// often the new place is full.
func (r *room) mirrorFault(ctx context.Context, w *job.Work, vm *model.VM, what going) error {
	space, err := r.Images.Space(ctx, what.to)
	to, known := r.Inventory.StorageDomains.Get(what.to.ID)
	if err == nil && space.Available < 2*tables || known && to.Full {
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
