package vms

import (
	"context"
	"slices"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// A stateless run writes to volumes of its own, on top of those of the disks
// (docs/decisions/stateless.md). They are named when the start is accepted, new
// ones for each run, and made by a step of their own.

// withOverlays says whether a start needs such volumes: then it is work in the
// background (api-v3 3.2, effect 3).
func withOverlays(tx *inventory.Tx, call *engine.Call) bool {
	vm, ok := tx.VMs.Get(call.Target)
	return ok && len(overlays(tx, under(vm, startParams(call).Once), nil)) > 0
}

// stateless says whether a run of a VM is: by itself, or because of its pool (api-v3
// 3.9).
func stateless(tx *inventory.Tx, vm *model.VM) bool {
	return vm.Stateless || engine.StatelessInPool(tx, vm)
}

// overlays names a volume for each disk that a stateless run can write to: the one that
// was kept of it, or a new one.
func overlays(tx *inventory.Tx, vm *model.VM, kept []model.Overlay) []model.Overlay {
	if !stateless(tx, vm) {
		return nil
	}
	var made []model.Overlay
	for _, attachment := range vm.Disks {
		disk, ok := tx.Disks.Get(attachment.Disk)
		i := slices.IndexFunc(kept, func(o model.Overlay) bool { return o.Disk == attachment.Disk })
		switch {
		case !ok || !attachment.Active || attachment.ReadOnly:
		case i >= 0:
			made = append(made, kept[i])
		default:
			made = append(made, model.Overlay{Disk: disk.ID, Volume: model.NewID(), StorageDomain: disk.StorageDomain})
		}
	}
	return made
}

// checkStateless holds the rules of a stateless run.
func checkStateless(tx *inventory.Tx, verb string, vm *model.VM) error {
	if !stateless(tx, vm) {
		return nil
	}
	if vm.HA.Enabled {
		return fault.New(fault.StatelessHA, verb)
	}
	if engine.Previewed(tx, vm.ID) != nil {
		return fault.New(fault.StatelessInPreview, verb)
	}
	for _, overlay := range overlays(tx, vm, nil) {
		if disk, ok := tx.Disks.Get(overlay.Disk); ok && disk.Shareable {
			return fault.New(fault.StatelessShareable, verb, disk.Alias)
		}
	}
	return nil
}

// makeOverlays makes the volumes; from then on the VM is being launched. After a
// failure it undoes nothing: settling the start discards what there is.
func (r *room) makeOverlays(ctx context.Context, w *job.Work) error {
	vm, err := r.vm(w)
	if err != nil {
		return err
	}
	on, ok := r.Inventory.Hosts.Get(vm.Run.Host)
	if !ok {
		return fault.New(fault.NoHosts)
	}
	owner := image.Owner{UID: on.Facts.ImageUID, GID: on.Facts.ImageGID}
	for _, overlay := range vm.Run.Overlays {
		disk, domain, err := r.below(w, overlay)
		if err != nil {
			return err
		}
		if err := r.Images.Overlay(ctx, domain, disk, overlay.Volume, owner); err != nil {
			return engine.StorageFault(w.Job.Verb+" VM", domain, err)
		}
	}
	return w.Update(w.Steady(), func(tx *inventory.Tx) error {
		if edited, ok := tx.VMs.Edit(vm.ID); ok && edited.Run.Status == model.StatusImageLocked {
			engine.SetStatus(edited, model.StatusWaitForLaunch, "")
		}
		return nil
	})
}

// below finds the disk below an overlay.
func (r *room) below(w *job.Work, overlay model.Overlay) (*model.Disk, *model.StorageDomain, error) {
	disk, ok := r.Inventory.Disks.Get(overlay.Disk)
	if !ok {
		return nil, nil, fault.Missing(string(overlay.Disk))
	}
	domain, ok := r.Inventory.StorageDomains.Get(overlay.StorageDomain)
	if !ok {
		return nil, nil, fault.New(fault.DomainNotFound, w.Job.Verb+" VM")
	}
	return disk, domain, nil
}
