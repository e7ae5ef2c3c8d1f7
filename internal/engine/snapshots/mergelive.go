package snapshots

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// mergeData is what a removal remembers: the volume of a disk that a host was told to
// merge into the one below, and how often.
type mergeData struct {
	Disk  model.ID `json:"disk,omitempty"`
	Upper model.ID `json:"upper,omitempty"`
	Lower model.ID `json:"lower,omitempty"`
	Begun int      `json:"begun,omitempty"`
}

// mostBegins is how often a merge is begun that comes to nothing.
const mostBegins = 3

// The pauses between two looks at a merge: they grow.
const (
	firstLook = 50 * time.Millisecond
	lastLook  = time.Second
)

// errEnded says that the guest has ended, and with it what its host did.
var errEnded = errors.New("the guest has ended")

// mergeLive has the host do it under the guest. When it is interrupted, unmerge sees to
// what the host does.
func (r *room) mergeLive(ctx context.Context, w *job.Work, vm *model.VM, disk *model.Disk, domain *model.StorageDomain, wanted mergeData) error {
	path, err := r.Images.Path(w.Steady(), domain, disk)
	if err != nil {
		return engine.StorageFault(w.Job.Verb, domain, err)
	}
	var data mergeData
	if err := w.Data(&data); err != nil {
		return err
	}
	if data.Disk != wanted.Disk || data.Upper != wanted.Upper {
		data = wanted
	}
	merge := mergeOf(path, data)
	pause := time.NewTimer(0)
	defer pause.Stop()
	for look := firstLook; ; look = min(2*look, lastLook) {
		select {
		case <-pause.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		progress, err := r.follow(w, vm, merge)
		if err != nil {
			return err
		}
		switch progress.State {
		case host.Merged:
			return nil
		case host.Merging:
			w.Progress(progress.Done, progress.Total)
		case host.MergeNone:
			if data.Begun++; data.Begun > mostBegins {
				return fault.New(fault.HostFailed, w.Job.Verb+" of", r.hostName(vm), "merging the volumes has come to nothing; there may be no space left")
			}
			if err := w.Remember(&data); err != nil {
				return err
			}
			if err := r.begin(w, vm, merge); err != nil {
				return err
			}
		}
		pause.Reset(look)
	}
}

// mergeOf names the volumes by path: they are in one folder.
func mergeOf(path string, data mergeData) host.Merge {
	in := filepath.Dir(path)
	return host.Merge{Disk: data.Disk, Top: filepath.Join(in, string(data.Upper)), Base: filepath.Join(in, string(data.Lower))}
}

func (r *room) hostName(vm *model.VM) string {
	if on, ok := r.Inventory.Hosts.Get(vm.Run.Host); ok {
		return on.Name
	}
	return string(vm.Run.Host)
}

// begin begins a merge; that it is done by now is seen by the next look.
func (r *room) begin(w *job.Work, vm *model.VM, merge host.Merge) error {
	err := r.OnHost(w, vm.Run.Host, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		return conn.BeginMerge(ctx, vm.ID, merge)
	})
	if errors.Is(err, host.ErrRefused) || errors.Is(err, host.ErrNotFound) {
		return r.ended(w, vm, merge, err)
	}
	return err
}

// follow looks how far a merge is.
func (r *room) follow(w *job.Work, vm *model.VM, merge host.Merge) (progress host.MergeProgress, err error) {
	err = r.OnHost(w, vm.Run.Host, "HostCallTimeout", func(ctx context.Context, conn host.Host) (err error) {
		guest, err := conn.Guest(ctx, vm.ID)
		if err == nil && !r.Owns(vm, guest) {
			return fault.New(fault.StateConflict, w.Job.Verb, "The guest on its host runs for another engine, or for later data of this one.")
		}
		if err != nil {
			return err
		}
		progress, err = conn.FollowMerge(ctx, vm.ID, merge)
		return err
	})
	if errors.Is(err, host.ErrRefused) || errors.Is(err, host.ErrNotFound) {
		where, lookErr := r.where(w, vm, merge)
		if lookErr != nil {
			return progress, lookErr
		}
		if where == merge.Base {
			return host.MergeProgress{State: host.Merged}, nil
		}
		return progress, r.ended(w, vm, merge, err)
	}
	return progress, err
}

// where is where the guest has its disk, or had when it ended. Its host remembers that
// after the guest's end; "" when it does not know the guest.
func (r *room) where(w *job.Work, vm *model.VM, merge host.Merge) (path string, err error) {
	err = r.OnHost(w, vm.Run.Host, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		paths, err := conn.DiskPaths(ctx, vm.ID)
		path = paths[merge.Disk]
		return err
	})
	if errors.Is(err, host.ErrNotFound) {
		return "", nil
	}
	return path, err
}

// ended says why a merge cannot go on: the guest has ended, and the merge with it; or
// what the host said.
func (r *room) ended(w *job.Work, vm *model.VM, merge host.Merge, refusal error) error {
	over := errors.Is(refusal, host.ErrNotFound)
	if refused, ok := errors.AsType[*host.RefusedError](refusal); ok {
		over = refused.Code == host.RefusedState
	}
	if over {
		return fault.New(fault.StateConflict, w.Job.Verb,
			fmt.Sprintf("VM %s ended, or was not in a state for it, while volumes were merged. Nothing is lost; remove the snapshot again.", vm.Name)).Because(errEnded)
	}
	return r.HostFault(w.Job.Verb+" of", vm.Run.Host, refusal)
}

// unmerge has the host give up what it does, and records a merge that was done in spite
// of it all.
func (r *room) unmerge(_ context.Context, w *job.Work) error {
	var data mergeData
	if err := w.Data(&data); err != nil || data.Disk == "" {
		return err
	}
	snapshot, err := r.snapshotOf(w)
	if err != nil {
		return err
	}
	held, open := snapshot.Holds(data.Disk)
	vm, known := r.Inventory.VMs.Get(snapshot.VM)
	disk, domain, err := r.disk(w, data.Disk)
	if err != nil || !open || !known || vm.Run.Host == "" || held.Volume != data.Lower {
		return err
	}
	path, err := r.Images.Path(w.Steady(), domain, disk)
	if err != nil {
		return engine.StorageFault(w.Job.Verb, domain, err)
	}
	err = r.OnHost(w, vm.Run.Host, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		return conn.AbortMerge(ctx, vm.ID, data.Disk)
	})
	if err != nil && !errors.Is(err, host.ErrNotFound) && !errors.Is(err, host.ErrRefused) {
		return err
	}
	where, err := r.where(w, vm, mergeOf(path, data))
	switch {
	case err != nil:
		return err
	case where == mergeOf(path, data).Base:
		return r.record(w, vm, held, data.Upper)
	case where == "" && disk.Volume == data.Upper && data.Begun > 0:
		return r.doubt(w, disk)
	}
	return nil
}

// doubt makes a disk illegal of which nobody knows whether its guest had gone on with the
// volume below: on the wrong one it would find itself in the past.
func (r *room) doubt(w *job.Work, disk *model.Disk) error {
	return w.Update(w.Steady(), func(tx *inventory.Tx) error {
		if edited, ok := tx.Disks.Edit(disk.ID); ok {
			edited.Status = model.DiskIllegal
		}
		return nil
	})
}
