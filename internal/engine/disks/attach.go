package disks

import (
	"fmt"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// AttachParams are the Params of attach: Target is the disk and Parent the VM.
type AttachParams struct {
	// Attach changes how the disk is to be attached: with the interface it was
	// made with, and inactive (api-v3 6.1). Nil changes nothing.
	Attach engine.Edit[model.DiskAttachment] `json:"-"`
	ChangeParams
}

// Durable keeps the change with the job.
func (*AttachParams) Durable() {}

func attachParams(call *engine.Call) *AttachParams {
	params, ok := call.Params.(*AttachParams)
	if !ok || params == nil {
		params = &AttachParams{}
		call.Params = params
	}
	return params
}

// checkAttach refuses a disk that cannot be attached to the VM, and fills the
// change in.
func (r *room) checkAttach(tx *inventory.Tx, call *engine.Call) error {
	params := attachParams(call)
	disk, _ := tx.Disks.Get(call.Target)
	vm, ok := tx.VMs.Get(call.Parent)
	if !ok {
		return fault.New(fault.Invalid, call.Verb, "No VM was given.")
	}
	if err := checkFree(call.Verb, disk); err != nil {
		return err
	}
	if err := engine.CheckNoTemplate(tx, call.Verb, disk); err != nil {
		return err
	}
	if disk.Status != model.DiskOK {
		return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf("The disk %s is illegal.", disk.Alias))
	}
	if place(vm, disk.ID) >= 0 {
		return fault.New(fault.Duplicate, call.Verb, fmt.Sprintf("The disk %s is attached to the VM already.", disk.Alias))
	}
	if others := users(tx, disk.ID); len(others) > 0 && !disk.Shareable {
		return fault.New(fault.StateConflict, call.Verb,
			fmt.Sprintf("The disk %s is attached to VM %s and is not shareable.", disk.Alias, others[0].Name))
	}
	if _, err := checkDomain(tx, call.Verb, disk, vm); err != nil {
		return err
	}
	wanted := &model.DiskAttachment{Disk: disk.ID, Interface: disk.Interface, Bootable: disk.Bootable}
	if params.Attach != nil {
		if err := params.Attach(wanted); err != nil {
			return err
		}
		wanted.Disk = disk.ID
	}
	if err := checkAttachment(call.Verb, vm, wanted); err != nil {
		return err
	}
	params.Change = Change{VM: vm.ID, Disk: disk.ID, New: wanted}
	return checkPlug(call.Verb, vm, nil, wanted)
}

// attach records the attachment; a guest that runs is given an active disk by
// the job.
func (r *room) attach(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	r.applyChange(tx, attachParams(call).Change)
	disk, _ := tx.Disks.Get(call.Target)
	if vm, _ := tx.VMs.Get(call.Parent); vm.Run.Status == model.StatusDown {
		tell(tx, audit.DiskAttached, call, disk)
	}
	return disk, nil
}

func (r *room) attached(tx *inventory.Tx, w *job.Work, failure error) {
	settleChange(tx, w, failure, audit.DiskAttached, audit.DiskAttachFailed)
}
