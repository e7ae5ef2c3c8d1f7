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

// checkRemove refuses a disk that a guest uses, or will when it is restored.
// Remove has no Params; Parent is the VM when the disk is named as one of a VM.
func (r *room) checkRemove(tx *inventory.Tx, call *engine.Call) error {
	disk, _ := tx.Disks.Get(call.Target)
	if call.Parent != "" {
		if _, _, _, err := ofVM(tx, call); err != nil {
			return err
		}
	}
	if err := checkFree(call.Verb, disk); err != nil {
		return err
	}
	for _, vm := range users(tx, disk.ID) {
		if err := r.Free(tx, call, vm.Ref()); err != nil {
			return err
		}
		if engine.HeldBy(tx, disk.ID) != nil {
			if err := engine.CheckSettled(tx, call.Verb, vm); err != nil {
				return err
			}
		}
		if vm.Run.Status != model.StatusDown && isActive(attachment(vm, disk.ID)) {
			return fault.New(fault.StateConflict, call.Verb,
				fmt.Sprintf("VM %s is not down and uses the disk %s; deactivate it first.", vm.Name, disk.Alias))
		}
	}
	if domain, ok := tx.StorageDomains.Get(disk.StorageDomain); ok && domain.Status != model.StorageDomainActive {
		return fault.New(fault.DomainStatusIllegal, call.Verb, string(domain.Status))
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

func (r *room) removeImage(_ context.Context, w *job.Work) error {
	disk, domain, err := r.image(w)
	if err != nil {
		return err
	}
	err = r.Images.Remove(w.Steady(), domain, disk.ID, disk.WipeAfterDelete)
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
	tx.Disks.Delete(disk.ID)
	tx.Event(audit.New(audit.DiskRemoved, about))
}
