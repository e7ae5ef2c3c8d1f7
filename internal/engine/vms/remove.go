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
	// Name and Memory (bytes) are filled in: the VM is gone when its job runs.
	Name   string `json:"name,omitempty"`
	Memory int64  `json:"memory,omitempty"`
	// Disks and States are filled in: those to delete.
	Disks  []model.ID         `json:"disks,omitempty"`
	States []model.SavedState `json:"states,omitempty"`
}

// Durable keeps the parameters with the job.
func (*RemoveParams) Durable() {}

// removeData is what the job of a removal remembers: what could not be removed, as
// people are to read it, and the saved states among that.
type removeData struct {
	Left   []string           `json:"left,omitempty"`
	States []model.SavedState `json:"states,omitempty"`
}

func removeParams(call *engine.Call) *RemoveParams {
	if params, ok := call.Params.(*RemoveParams); ok && params != nil {
		return params
	}
	params := &RemoveParams{}
	call.Params = params
	return params
}

// remove takes the VM away at once, with its snapshots; disks and saved states are
// deleted by the job. Disks that others use too stay.
func (r *room) remove(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	vm, _ := tx.VMs.Get(call.Target)
	params := removeParams(call)
	params.Name, params.Memory, params.Disks, params.States = vm.Name, vm.Memory, nil, nil
	for _, attachment := range vm.Disks {
		disk, ok := tx.Disks.Edit(attachment.Disk)
		if !ok || params.DetachOnly || usedElsewhere(tx, vm.ID, disk.ID) {
			continue
		}
		disk.Status = model.DiskLocked
		params.Disks = append(params.Disks, disk.ID)
	}
	// Of a VM that is stuck: one that is down has neither.
	if saved := vm.Run.Suspended; saved != nil {
		params.States = append(params.States, *saved)
	}
	if len(vm.Run.Overlays) > 0 {
		edited, _ := tx.VMs.Edit(vm.ID)
		r.Discard(tx, edited)
	}
	for _, snapshot := range snapshotsOf(tx, vm.ID) {
		if snapshot.Memory != nil {
			params.States = append(params.States, *snapshot.Memory)
		}
		tx.Snapshots.Delete(snapshot.ID)
	}
	tx.VMs.Delete(vm.ID)
	tx.Event(audit.New(audit.Removed, about(call, vm)))
	r.SetLive(vm.ID, nil)
	return vm, nil
}

func snapshotsOf(tx *inventory.Tx, vm model.ID) []*model.Snapshot {
	var found []*model.Snapshot
	for _, snapshot := range tx.Snapshots.All() {
		if snapshot.VM == vm {
			found = append(found, snapshot)
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
	var data removeData
	var failures []error
	left := func(name string, err error) {
		data.Left = append(data.Left, name+" ("+fault.Of(err).Message()+")")
		failures = append(failures, err)
	}
	for _, id := range params.Disks {
		if disk, ok := r.Inventory.Disks.Get(id); ok {
			if err := r.deleteDisk(w, disk); err != nil {
				left(disk.Alias, err)
			}
		}
	}
	for _, saved := range params.States {
		if err := r.deleteState(w, &saved); err != nil {
			left("a saved state", err)
			data.States = append(data.States, saved)
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
		if err := removable(what, domain); err != nil {
			return err
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

func (r *room) deleteState(w *job.Work, saved *model.SavedState) error {
	const what = "remove saved state"
	domain, known := r.Inventory.StorageDomains.Get(saved.StorageDomain)
	if !known {
		return nil
	}
	if err := removable(what, domain); err != nil {
		return err
	}
	return engine.StorageFault(what, domain, r.Images.RemoveSaved(w.Steady(), domain, saved))
}

func removable(what string, domain *model.StorageDomain) error {
	if domain.Status != model.StorageDomainActive {
		return fault.New(fault.DomainStatusIllegal, what, string(domain.Status))
	}
	return nil
}

// removed settles a removal. Disks that could not be deleted are kept as illegal
// floating disks, saved states likewise, and told of (event 172).
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
	for _, saved := range data.States {
		engine.OrphanState(tx, params.Name, params.Memory, &saved)
	}
	about := engine.AboutJob(tx, w.Job)
	about.VM = &model.VM{ID: w.Job.Target.ID, VMConfig: model.VMConfig{Name: params.Name}}
	about.Detail = strings.Join(data.Left, ", ")
	if about.Detail == "" {
		about.Detail = fault.Of(failure).Message()
	}
	tx.Event(audit.New(audit.RemovedKeepingDisks, about))
}
