package disks

import (
	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// checkDetach refuses to take away what a guest cannot let go of. Detach has no
// Params: Target is the disk and Parent the VM. The disk stays as a floating one.
func (r *room) checkDetach(tx *inventory.Tx, call *engine.Call) error {
	vm, disk, attached, err := ofVM(tx, call)
	if err != nil {
		return err
	}
	if err := checkFree(call.Verb, disk); err != nil {
		return err
	}
	if engine.HeldBy(tx, disk.ID) != nil {
		return fault.New(fault.DetachWithSnapshots, call.Verb, vm.Name)
	}
	call.Params = &ChangeParams{Change{VM: vm.ID, Disk: disk.ID, Old: attached}}
	return checkPlug(call.Verb, vm, attached, nil)
}

func (r *room) detach(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	r.applyChange(tx, filledIn(call))
	disk, _ := tx.Disks.Get(call.Target)
	if vm, _ := tx.VMs.Get(call.Parent); vm.Run.Status == model.StatusDown {
		tell(tx, audit.DiskDetached, call, disk)
	}
	return disk, nil
}

func (r *room) detached(tx *inventory.Tx, w *job.Work, failure error) {
	settleChange(tx, w, failure, audit.DiskDetached, audit.DiskDetachFailed)
}
