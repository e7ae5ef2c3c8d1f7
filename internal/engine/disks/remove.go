package disks

import (
	"context"
	"fmt"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// RemoveParams are the Params of remove; nil asks for nothing special. Parent is the
// VM when the disk is named as one of a VM.
type RemoveParams struct {
	// Force removes a disk that is locked by no job too, and only the record of one
	// whose storage domain is not active.
	Force bool `json:"force,omitempty"`
}

// Durable keeps the parameters with the job.
func (*RemoveParams) Durable() {}

// removeData is what the job of a removal remembers: why the image stays.
type removeData struct {
	Stays string `json:"stays,omitempty"`
}

func forced(call *engine.Call) bool {
	params, ok := call.Params.(*RemoveParams)
	return ok && params != nil && params.Force
}

// checkRemove refuses a disk that a guest uses, or will when it is restored, and
// one that a template is made of.
func (r *room) checkRemove(tx *inventory.Tx, call *engine.Call) error {
	disk, _ := tx.Disks.Get(call.Target)
	if call.Parent != "" {
		if _, _, _, err := ofVM(tx, call); err != nil {
			return err
		}
	}
	if err := engine.CheckNoTemplate(tx, call.Verb, disk); err != nil {
		return err
	}
	if !forced(call) {
		if err := checkFree(call.Verb, disk); err != nil {
			return err
		}
	}
	if err := r.checkUsers(tx, call, disk); err != nil {
		return err
	}
	domain, ok := tx.StorageDomains.Get(disk.StorageDomain)
	if ok && domain.Status != model.StorageDomainActive && !domain.Full && !forced(call) {
		return fault.New(fault.DomainStatusIllegal, call.Verb, string(domain.Status))
	}
	return nil
}

// checkUsers refuses a disk of which a guest could have the image open: for what is
// recorded, and then for what the hosts say.
func (r *room) checkUsers(tx *inventory.Tx, call *engine.Call, disk *model.Disk) error {
	for _, vm := range users(tx, disk.ID) {
		if err := r.Free(tx, call, vm.Ref()); err != nil {
			return err
		}
		if engine.HeldBy(tx, disk.ID) != nil && !forced(call) {
			if err := engine.CheckSettled(tx, call.Verb, vm); err != nil {
				return err
			}
		}
		if !isActive(attachment(vm, disk.ID)) {
			continue
		}
		if vm.Run.Status != model.StatusDown {
			return fault.New(fault.StateConflict, call.Verb,
				fmt.Sprintf("VM %s is not down and uses the disk %s; deactivate it first.", vm.Name, disk.Alias))
		}
		where, err := r.NoGuest(call, vm.ID)
		if err != nil {
			return err
		}
		if where != "" {
			return fault.New(fault.StateConflict, call.Verb,
				fmt.Sprintf("VM %s runs on host %s and may use the disk %s.", vm.Name, where, disk.Alias))
		}
	}
	return nil
}

// remove takes the disk from its VMs at once; the image and then the record are
// removed by the job.
func (r *room) remove(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	disk, _ := tx.Disks.Edit(call.Target)
	disk.Status = model.DiskLocked
	engine.ForgetDisk(tx, disk.ID)
	for _, vm := range users(tx, disk.ID) {
		setAttachment(tx, vm.ID, disk.ID, nil)
	}
	return disk, nil
}

// removeImage removes the image. It stays where nothing can be removed: in a domain
// that nobody knows any more, or, with force, in one that is not active.
func (r *room) removeImage(_ context.Context, w *job.Work) error {
	var params RemoveParams
	if err := w.Params(&params); err != nil {
		return err
	}
	disk, ok := r.Inventory.Disks.Get(w.Job.Target.ID)
	if !ok {
		return fault.Missing(string(w.Job.Target.ID))
	}
	domain, known := r.Inventory.StorageDomains.Get(disk.StorageDomain)
	switch {
	case !known:
		return w.Remember(&removeData{Stays: "its storage domain does not exist any more."})
	case params.Force && domain.Status != model.StorageDomainActive:
		return w.Remember(&removeData{Stays: fmt.Sprintf("the storage domain %s is %s.", domain.Name, domain.Status)})
	}
	err := r.Images.Remove(w.Steady(), domain, disk.ID, disk.WipeAfterDelete)
	return engine.StorageFault(w.Job.Verb, domain, err)
}

// image is the disk of a job with its storage domain.
func (r *room) image(w *job.Work) (*model.Disk, *model.StorageDomain, error) {
	disk, ok := r.Inventory.Disks.Get(w.Job.Target.ID)
	if !ok {
		return nil, nil, fault.Missing(string(w.Job.Target.ID))
	}
	domain, ok := r.Inventory.StorageDomains.Get(disk.StorageDomain)
	if !ok {
		return nil, nil, fault.New(fault.DomainNotFound, w.Job.Verb)
	}
	return disk, domain, nil
}

// removed settles a removal. A disk whose image could not be removed is kept as
// an illegal floating one, to be removed again.
func (r *room) removed(tx *inventory.Tx, w *job.Work, failure error) {
	disk, ok := tx.Disks.Edit(w.Job.Target.ID)
	if !ok {
		return
	}
	about := engine.AboutJob(tx, w.Job)
	about.Disk = disk
	if failure != nil {
		disk.Status = model.DiskIllegal
		about.Detail = fault.Of(failure).Message()
		tx.Event(audit.New(audit.DiskRemoveFailed, about))
		return
	}
	var data removeData
	_ = w.Data(&data) // the step has written it
	about.Detail = data.Stays
	code := audit.DiskRemoved
	if data.Stays != "" {
		code = audit.DiskForgotten
	}
	tx.Disks.Delete(disk.ID)
	tx.Event(audit.New(code, about))
}
