package vms

import (
	"context"
	"errors"
	"slices"
	"strings"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// RemoveParams are the Params of remove (api-v3 3.14).
type RemoveParams struct {
	// Force removes a VM that is stuck in image_locked too.
	Force bool `json:"force,omitempty"`
	// DetachOnly leaves the disks as floating disks.
	DetachOnly bool `json:"detach_only,omitempty"`
	// Disks are filled in: those to delete.
	Disks []model.ID `json:"disks,omitempty"`
}

// Durable keeps the parameters with the job.
func (*RemoveParams) Durable() {}

func removeParams(call *engine.Call) *RemoveParams {
	if params, ok := call.Params.(*RemoveParams); ok && params != nil {
		return params
	}
	params := &RemoveParams{}
	call.Params = params
	return params
}

func (r *room) checkRemove(tx *inventory.Tx, call *engine.Call) error {
	vm, _ := tx.VMs.Get(call.Target)
	params := removeParams(call)
	if vm.DeleteProtected {
		return fault.New(fault.DeleteProtected)
	}
	if vm.Run.Status == model.StatusImageLocked && !params.Force {
		return fault.New(fault.VMLocked, call.Verb)
	}
	if !params.Force {
		if err := engine.CheckSettled(tx, "remove VM", vm); err != nil {
			return err
		}
	}
	if params.DetachOnly && slices.ContainsFunc(vm.Disks, func(a model.DiskAttachment) bool { return engine.HeldBy(tx, a.Disk) != nil }) {
		return fault.New(fault.DetachWithSnapshots, "remove VM and keep its disks", vm.Name)
	}
	if params.DetachOnly || params.Force {
		return nil
	}
	// A disk that is not active may still be at work, as while it is being made.
	for _, attachment := range vm.Disks {
		if disk, ok := tx.Disks.Get(attachment.Disk); ok && disk.Status == model.DiskLocked {
			return fault.New(fault.DisksLocked, call.Verb, disk.Alias)
		}
	}
	return checkDisks(tx, call.Verb, vm)
}

// remove takes the VM away at once; its disks are deleted by the job. Disks that
// others use too stay.
func (r *room) remove(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	vm, _ := tx.VMs.Get(call.Target)
	params := removeParams(call)
	for _, attachment := range vm.Disks {
		disk, ok := tx.Disks.Edit(attachment.Disk)
		if !ok || params.DetachOnly || usedElsewhere(tx, vm.ID, disk.ID) {
			continue
		}
		disk.Status = model.DiskLocked
		params.Disks = append(params.Disks, disk.ID)
	}
	r.ForgetSnapshots(tx, vm)
	if len(vm.Run.Overlays) > 0 {
		// Of a VM that is stuck: one that is down has none.
		edited, _ := tx.VMs.Edit(vm.ID)
		r.Discard(tx, edited)
	}
	tx.VMs.Delete(vm.ID)
	tx.Event(audit.New(audit.Removed, about(call, vm)))
	r.SetLive(vm.ID, nil)
	return vm, nil
}

func usedElsewhere(tx *inventory.Tx, but, disk model.ID) bool {
	for _, other := range tx.VMs.All() {
		if other.ID == but {
			continue
		}
		for _, attachment := range other.Disks {
			if attachment.Disk == disk {
				return true
			}
		}
	}
	return false
}

func (r *room) removeDisks(_ context.Context, w *job.Work) error {
	var params RemoveParams
	if err := w.Params(&params); err != nil {
		return err
	}
	var failures []error
	for _, id := range params.Disks {
		disk, ok := r.Inventory.Disks.Get(id)
		if !ok {
			continue
		}
		if err := r.deleteDisk(w, disk); err != nil {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

// deleteDisk removes the images first and then the record: a disk that is
// recorded can be removed again.
func (r *room) deleteDisk(w *job.Work, disk *model.Disk) error {
	domain, ok := r.Inventory.StorageDomains.Get(disk.StorageDomain)
	if ok {
		if err := r.Images.Remove(w.Steady(), domain, disk.ID, disk.WipeAfterDelete); err != nil {
			return engine.StorageFault("remove disk "+disk.Alias, domain, err)
		}
	}
	return w.Update(w.Steady(), func(tx *inventory.Tx) error {
		tx.Disks.Delete(disk.ID)
		return nil
	})
}

// removed settles a removal. Disks that could not be deleted are kept as illegal
// floating disks, and told of (event 172).
func (r *room) removed(tx *inventory.Tx, w *job.Work, failure error) {
	if failure == nil {
		return
	}
	var params RemoveParams
	_ = w.Params(&params)
	var left []string
	for _, id := range params.Disks {
		if disk, ok := tx.Disks.Edit(id); ok {
			disk.Status = model.DiskIllegal
			left = append(left, disk.Alias)
		}
	}
	about := engine.AboutJob(tx, w.Job)
	about.VM = &model.VM{ID: w.Job.Target.ID, VMConfig: model.VMConfig{Name: strings.TrimSuffix(strings.TrimPrefix(w.Job.Description, "Removing VM "), " from system")}}
	about.Detail = strings.Join(left, ", ") + ": " + fault.Of(failure).Message()
	tx.Event(audit.New(audit.RemovedKeepingDisks, about))
}
