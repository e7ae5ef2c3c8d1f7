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
	// Force removes a VM whose disks are locked, broken or out of reach too.
	Force bool `json:"force,omitempty"`
	// DetachOnly leaves the disks as floating disks.
	DetachOnly bool `json:"detach_only,omitempty"`
	// Name is filled in, for the VM is gone when its job runs, and Disks: those to
	// delete; Described are the storage domains that may hold its description.
	Name      string     `json:"name,omitempty"`
	Disks     []model.ID `json:"disks,omitempty"`
	Described []model.ID `json:"described,omitempty"`
}

// Durable keeps the parameters with the job.
func (*RemoveParams) Durable() {}

// removeData is what the job of a removal remembers: what could not be removed, as
// people are to read it.
type removeData struct {
	Left []string `json:"left,omitempty"`
}

func removeParams(call *engine.Call) *RemoveParams {
	if params, ok := call.Params.(*RemoveParams); ok && params != nil {
		return params
	}
	params := &RemoveParams{}
	call.Params = params
	return params
}

// remove takes the VM away at once, with its snapshots; its disks are deleted by the
// job. Disks that others use too stay.
func (r *room) remove(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	vm, _ := tx.VMs.Get(call.Target)
	params := removeParams(call)
	params.Name, params.Disks = vm.Name, nil
	r.take(tx, vm, params)
	tx.Event(audit.New(audit.Removed, about(call, vm)))
	return vm, nil
}

// take takes the record of a VM away, and adds to params what its job is to remove.
func (r *room) take(tx *inventory.Tx, vm *model.VM, params *RemoveParams) {
	for _, attachment := range vm.Disks {
		disk, ok := tx.Disks.Edit(attachment.Disk)
		if !ok || params.DetachOnly || usedElsewhere(tx, vm.ID, disk.ID) {
			continue
		}
		disk.Status = model.DiskLocked
		params.Disks = append(params.Disks, disk.ID)
	}
	params.Described = append(params.Described, describedIn(tx, vm)...)
	r.ForgetSnapshots(tx, vm)
	// Of a VM that is stuck: one that is down has neither.
	left := engine.Tidying{Volumes: vm.Run.Overlays, Lease: vm.Lease}
	if saved := vm.Run.Suspended; saved != nil && saved.Snapshot == "" {
		left.Saved = []model.SavedState{*saved}
	}
	r.Tidy(tx, vm, left)
	engine.LeaveGroups(tx, vm)
	tx.VMs.Delete(vm.ID)
	r.SetLive(vm.ID, nil)
}

// describedIn are the data domains in which a VM's description may lie: those of its
// disks, and the masters.
func describedIn(tx *inventory.Tx, vm *model.VM) []model.ID {
	var found []model.ID
	for _, domain := range tx.StorageDomains.All() {
		of := func(a model.DiskAttachment) bool {
			disk, ok := tx.Disks.Get(a.Disk)
			return ok && disk.StorageDomain == domain.ID
		}
		if domain.Type == model.StorageDomainData && (domain.Master || slices.ContainsFunc(vm.Disks, of)) {
			found = append(found, domain.ID)
		}
	}
	return found
}

// usedElsewhere says whether another VM has a disk, runs on it, or a template is
// made of it.
func usedElsewhere(tx *inventory.Tx, but, disk model.ID) bool {
	attached := func(a model.DiskAttachment) bool { return a.Disk == disk }
	return slices.ContainsFunc(tx.VMs.All(), func(other *model.VM) bool {
		return other.ID != but && (slices.ContainsFunc(other.Disks, attached) ||
			slices.ContainsFunc(other.Run.Overlays, func(o model.Overlay) bool { return o.Disk == disk }))
	}) || slices.ContainsFunc(tx.Templates.All(), func(t *model.Template) bool {
		return slices.ContainsFunc(t.Disks, attached)
	})
}

// removeDisks removes as much as it can, and remembers what it could not.
func (r *room) removeDisks(_ context.Context, w *job.Work) error {
	var params RemoveParams
	if err := w.Params(&params); err != nil {
		return err
	}
	r.Undescribe(w, params.Described)
	return r.deleteDisks(w, &params)
}

func (r *room) deleteDisks(w *job.Work, params *RemoveParams) error {
	var data removeData
	var failures []error
	for _, id := range params.Disks {
		disk, ok := r.Inventory.Disks.Get(id)
		if !ok {
			continue
		}
		if err := r.deleteDisk(w, disk); err != nil {
			data.Left = append(data.Left, disk.Alias+" ("+fault.Of(err).Message()+")")
			failures = append(failures, err)
		}
	}
	if len(failures) == 0 || w.Steady().Err() != nil {
		return errors.Join(failures...)
	}
	return errors.Join(append(failures, w.Remember(&data))...)
}

// deleteDisk removes the images first and then the record: a disk that is
// recorded can be removed again. Of a storage domain that nobody knows any more
// there is only the record; one that is not active is not touched.
func (r *room) deleteDisk(w *job.Work, disk *model.Disk) error {
	what := "remove disk " + disk.Alias
	domain, known := r.Inventory.StorageDomains.Get(disk.StorageDomain)
	if known {
		if domain.Status != model.StorageDomainActive {
			return fault.New(fault.DomainStatusIllegal, what, string(domain.Status))
		}
		if err := r.Images.Remove(w.Steady(), domain, disk.ID, disk.WipeAfterDelete); err != nil {
			return engine.StorageFault(what, domain, err)
		}
	}
	err := w.Update(w.Steady(), func(tx *inventory.Tx) error {
		tx.Disks.Delete(disk.ID)
		return nil
	})
	if err == nil && !known {
		return fault.New(fault.DomainNotFound, what)
	}
	return err
}

// removed settles a removal. Disks that could not be deleted are kept as illegal
// floating disks, and told of (event 172).
func (r *room) removed(tx *inventory.Tx, w *job.Work, failure error) {
	if failure == nil {
		return
	}
	var params RemoveParams
	var data removeData
	_, _ = w.Params(&params), w.Data(&data) // the step has read and written them
	for _, id := range params.Disks {
		if disk, ok := tx.Disks.Edit(id); ok {
			disk.Status = model.DiskIllegal
		}
	}
	about := engine.AboutJob(tx, w.Job)
	about.VM = &model.VM{ID: w.Job.Target.ID, VMConfig: model.VMConfig{Name: params.Name}}
	about.Detail = joined(data.Left)
	if about.Detail == "" {
		about.Detail = fault.Of(failure).Message()
	}
	tx.Event(audit.New(audit.RemovedKeepingDisks, about))
}

func joined(names []string) string { return strings.Join(names, ", ") }
