package vms

import (
	"context"
	"errors"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// checkRestore: a suspended VM goes on with what it had; "run once" is for VMs
// that are down.
func (r *room) checkRestore(tx *inventory.Tx, call *engine.Call) error {
	vm, _ := tx.VMs.Get(call.Target)
	if startParams(call).Once != nil {
		return refuseStart(call.Verb, vm.Run.Status)
	}
	return checkDisks(tx, call.Verb, vm)
}

// restore brings the saved guest back. A guest that was restored once is never
// restored again: what it has written to its disks since would not fit its
// memory.
func (r *room) restore(_ context.Context, w *job.Work) error {
	vm, err := r.vm(w)
	if err != nil {
		return err
	}
	domain, ok := r.Inventory.StorageDomains.Get(vm.Run.Suspended.StorageDomain)
	if !ok {
		return fault.New(fault.DomainNotFound, w.Job.Verb+" VM")
	}
	data, err := r.begin(w)
	if err != nil {
		var seen launchData
		if decodeErr := w.Data(&seen); decodeErr == nil && seen.Begun {
			// The host was restarted after it had the state: the guest may have run.
			seen.Lost = true
			return w.Remember(&seen)
		}
		return err
	}
	err = r.OnHost(w, data.Host, "SaveStateTimeout", func(ctx context.Context, conn host.Host) error {
		if begun, err := hasRun(ctx, conn, vm); begun || err != nil {
			return err
		}
		vm := asRun(vm)
		vm.CDROM = vm.Run.Suspended.CDROM
		spec, err := r.spec(ctx, vm, data.Host)
		if err != nil {
			return err
		}
		if err := r.readyLease(ctx, w); err != nil {
			return err
		}
		if err := sending(w, &data); err != nil {
			return err
		}
		return conn.Restore(ctx, spec, r.Images.SavedPath(domain, vm.Run.Suspended))
	})
	silent, err := r.unsent(w, data.Host, err)
	if silent != nil {
		return silent
	}
	return r.HostFault(w.Job.Verb, data.Host, err)
}

// dropRestored removes the saved state, now that the guest runs. Failing at it
// does not fail the start: what is left is kept as illegal disks, to be removed
// by whoever sees them.
func (r *room) dropRestored(ctx context.Context, w *job.Work) error {
	vm, err := r.vm(w)
	if err != nil || vm.Run.Suspended == nil || vm.Run.Suspended.Snapshot != "" {
		return err // the memory of a snapshot is the snapshot's
	}
	domain, ok := r.Inventory.StorageDomains.Get(vm.Run.Suspended.StorageDomain)
	if !ok {
		return nil
	}
	err = r.Images.RemoveSaved(w.Steady(), domain, vm.Run.Suspended)
	if err == nil || w.Steady().Err() != nil {
		return err
	}
	r.Log.ErrorContext(ctx, "the saved state of a restored VM could not be removed; its images are kept as illegal disks",
		"vm", vm.ID, "memory", vm.Run.Suspended.MemoryImage, "config", vm.Run.Suspended.ConfigImage, "err", err)
	var data launchData
	if err := w.Data(&data); err != nil {
		return err
	}
	data.Kept = true
	return w.Remember(&data)
}

// restored settles a restore: up again, or suspended as before with its state
// kept.
func (r *room) restored(tx *inventory.Tx, w *job.Work, failure error) {
	vm, ok := tx.VMs.Edit(w.Job.Target.ID)
	if !ok {
		return
	}
	if failure != nil {
		if !w.Dirty {
			engine.Unreserve(vm)
		}
		return
	}
	saved := vm.Run.Suspended
	var data launchData
	_ = w.Data(&data)
	if data.Kept {
		engine.Orphan(tx, vm)
	}
	vm.Run.Suspended = nil
	if data.Lost {
		r.Down(tx, vm, lifecycle.CauseVanished, "Its host was restarted while it was being restored.", audit.About{})
		return
	}
	r.runs(vm, w)
	if saved != nil {
		vm.Run.CDROM = saved.CDROM
	}
	engine.SetStatus(vm, model.StatusUp, "")
}

// drop removes the state of a suspended VM that is stopped.
func (r *room) drop(_ context.Context, w *job.Work) error {
	vm, err := r.vm(w)
	if err != nil || vm.Run.Suspended == nil || vm.Run.Suspended.Snapshot != "" {
		return err // the memory of a snapshot is the snapshot's
	}
	domain, ok := r.Inventory.StorageDomains.Get(vm.Run.Suspended.StorageDomain)
	if !ok {
		return nil
	}
	err = r.Images.RemoveSaved(w.Steady(), domain, vm.Run.Suspended)
	if err != nil && w.Steady().Err() == nil {
		// What was removed in spite of an error is found to be so.
		err = r.Images.RemoveSaved(w.Steady(), domain, vm.Run.Suspended)
	}
	if errors.Is(err, image.ErrNotFound) {
		return nil
	}
	return engine.StorageFault(w.Job.Verb+" VM", domain, err)
}

// dropped settles the stop of a suspended VM.
func (r *room) dropped(tx *inventory.Tx, w *job.Work, failure error) {
	if vm, ok := tx.VMs.Edit(w.Job.Target.ID); ok && failure == nil {
		r.WentDown(tx, vm, "Its saved state was removed.")
	}
}
