package snapshots

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/job"
	"vireo/internal/model"
)

// takeData is what the taking of a snapshot remembers.
type takeData struct {
	Saved *model.SavedState `json:"saved,omitempty"`
	// Froze says that the guest was told to freeze, and is to be thawed.
	Froze bool `json:"froze,omitempty"`
	// Sent says that the host was told to switch the guest, Refused that the guest was
	// seen afterwards not to be switched.
	Sent    bool `json:"sent,omitempty"`
	Refused bool `json:"refused,omitempty"`
	// NoMemory says why the memory was not kept, Unfrozen why nothing was frozen.
	NoMemory string `json:"no_memory,omitempty"`
	Unfrozen string `json:"unfrozen,omitempty"`
	// Pause is how long the guest stood still, at the most.
	Pause time.Duration `json:"pause,omitempty"`
}

// taken says whether the guest may write to the new volumes. Once it may, they are the
// disks': they read like the old ones if it never did.
func (d takeData) taken() bool { return d.Sent && !d.Refused }

// take lets the guest go on with the new volumes. Its file systems are frozen for that
// moment if there is an agent: nothing in the guest is half-way written then. Memory
// needs no such thing, and would remember it.
func (r *room) take(ctx context.Context, w *job.Work) error {
	var params AddParams
	var data takeData
	if err := errors.Join(w.Params(&params), w.Data(&data)); err != nil {
		return err
	}
	vm, err := r.vmOf(w)
	if err != nil {
		return err
	}
	spec, err := r.switching(ctx, w, vm, params, data)
	if err != nil || len(spec.Disks) == 0 && spec.Memory == "" {
		return err
	}
	began := time.Now()
	if spec.Memory == "" {
		if err := r.freeze(w, vm, spec, &data); err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx) // it is taken back before anything has happened
	}
	err = r.switchGuest(w, vm, spec, &data)
	if engine.IsBlocked(err) {
		return err
	}
	thawed := r.thaw(w, vm, &data)
	if data.Pause == 0 {
		data.Pause = time.Since(began)
	}
	if engine.IsBlocked(thawed) {
		return thawed
	}
	return errors.Join(err, w.Remember(&data))
}

// switching is what the host is asked for: the active disks, with their new volumes.
func (r *room) switching(ctx context.Context, w *job.Work, vm *model.VM, params AddParams, data takeData) (host.SnapshotSpec, error) {
	var spec host.SnapshotSpec
	for _, volume := range params.New {
		for _, attachment := range vm.Disks {
			if attachment.Disk != volume.Disk || !attachment.Active {
				continue
			}
			disk, err := r.DiskSpecTo(ctx, w.Job.Verb, attachment, volume)
			if err != nil {
				return spec, err
			}
			spec.Disks = append(spec.Disks, disk)
		}
	}
	if params.Memory {
		domain, ok := r.Inventory.StorageDomains.Get(data.Saved.StorageDomain)
		if !ok {
			return spec, fault.New(fault.DomainNotFound, w.Job.Verb)
		}
		spec.Memory = r.Images.SavedPath(domain, data.Saved)
	}
	return spec, nil
}

// switchGuest has the host do it, and finds out what became of it when the host says
// that it did not. A guest that has ended meanwhile has no memory to keep.
func (r *room) switchGuest(w *job.Work, vm *model.VM, spec host.SnapshotSpec, data *takeData) error {
	limit := "HostCallTimeout"
	if spec.Memory != "" {
		limit = "SaveStateTimeout"
	}
	data.Sent = true
	if err := w.Remember(data); err != nil {
		return err
	}
	err := r.OnHost(w, vm.Run.Host, limit, func(ctx context.Context, conn host.Host) error {
		failure := r.standsReady(ctx, conn, vm)
		if failure == nil {
			failure = conn.TakeSnapshot(ctx, vm.ID, spec)
		}
		if failure == nil || errors.Is(failure, host.ErrUnreachable) {
			return failure
		}
		switched, ended, err := sees(ctx, conn, vm.ID, spec.Disks)
		switch {
		case err != nil:
			return err
		case ended:
			data.NoMemory = "The guest ended meanwhile."
			return nil
		case switched:
			return nil
		}
		data.Refused = true
		return failure
	})
	if fault.Of(err).Code == fault.HostSilent {
		// Whether it was done is not known, and may never be.
		data.NoMemory = "The host did not say whether it has done it."
		return nil
	}
	return r.HostFault(w.Job.Verb+" of", vm.Run.Host, err)
}

// standsReady refuses a guest that is not this engine's.
func (r *room) standsReady(ctx context.Context, conn host.Host, vm *model.VM) error {
	guest, err := conn.Guest(ctx, vm.ID)
	if err == nil && !r.Owns(vm, guest) {
		return fault.New(fault.StateConflict, "create a snapshot", "The guest on its host runs for another engine, or for later data of this one.")
	}
	return err
}

// sees looks whether a guest has all these disks where they are to be, or has ended.
func sees(ctx context.Context, conn host.Host, id model.ID, disks []host.DiskSpec) (all, ended bool, err error) {
	guest, err := conn.Guest(ctx, id)
	if errors.Is(err, host.ErrNotFound) || err == nil && guest.State == host.Off {
		return false, true, nil
	}
	if err != nil {
		return false, false, err
	}
	paths, err := conn.DiskPaths(ctx, id)
	if err != nil {
		return false, false, err
	}
	for _, disk := range disks {
		if paths[disk.ID] != disk.Path {
			return false, false, nil
		}
	}
	return len(disks) > 0, false, nil
}

// untake thaws a guest whose snapshot was not taken, and looks once more whether it was:
// volumes that a guest may use are not removed.
func (r *room) untake(_ context.Context, w *job.Work) error {
	var params AddParams
	var data takeData
	if err := errors.Join(w.Params(&params), w.Data(&data)); err != nil {
		return err
	}
	vm, err := r.vmOf(w)
	if err != nil {
		return err
	}
	if data.taken() {
		spec, err := r.switching(w.Steady(), w, vm, params, data)
		if err == nil {
			err = r.OnHost(w, vm.Run.Host, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
				switched, ended, err := sees(ctx, conn, vm.ID, spec.Disks)
				data.Refused = err == nil && !switched && !ended
				return err
			})
		}
		if err == nil {
			if err := w.Remember(&data); err != nil {
				return err
			}
		}
	}
	if err := r.thaw(w, vm, &data); !engine.IsBlocked(err) {
		return err
	}
	return nil // it stays recorded as frozen, and is looked after
}

// tellTaken says how long the guest stood still.
func tellTaken(w *job.Work) string {
	var data takeData
	_ = w.Data(&data)
	told := ""
	if data.Pause > 0 {
		told = fmt.Sprintf("The guest stood still for %d ms at the most.", data.Pause.Milliseconds())
	}
	if data.Unfrozen != "" {
		told += " " + data.Unfrozen
	}
	if data.NoMemory != "" {
		told += " " + data.NoMemory
		if data.Saved != nil {
			told += " The memory was not kept."
		}
	}
	return told
}
