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

// checkActivate and checkDeactivate prepare the change of a disk that is
// attached. Neither has Params; a disk that is so already is left so.
func (r *room) checkActivate(tx *inventory.Tx, call *engine.Call) error {
	return checkSwitch(tx, call, true)
}

func (r *room) checkDeactivate(tx *inventory.Tx, call *engine.Call) error {
	return checkSwitch(tx, call, false)
}

func checkSwitch(tx *inventory.Tx, call *engine.Call, active bool) error {
	vm, disk, attached, err := ofVM(tx, call)
	if err != nil {
		return err
	}
	if err := checkFree(call.Verb, disk); err != nil {
		return err
	}
	if active && disk.Status != model.DiskOK {
		return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf("The disk %s is illegal.", disk.Alias))
	}
	if active {
		if _, err := checkDomain(tx, call.Verb, disk, vm); err != nil {
			return err
		}
	}
	wanted := *attached
	wanted.Active = active
	call.Params = &ChangeParams{Change{VM: vm.ID, Disk: disk.ID, Old: attached, New: &wanted}}
	return checkPlug(call.Verb, vm, attached, &wanted)
}

func (r *room) activate(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	return r.turnOn(tx, call, audit.DiskPlugged)
}

func (r *room) deactivate(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	return r.turnOn(tx, call, audit.DiskUnplugged)
}

func (r *room) turnOn(tx *inventory.Tx, call *engine.Call, code audit.Code) (model.Object, error) {
	change := filledIn(call)
	r.applyChange(tx, change)
	disk, _ := tx.Disks.Get(call.Target)
	if vm, _ := tx.VMs.Get(call.Parent); vm.Run.Status == model.StatusDown && change.Old.Active != change.New.Active {
		tell(tx, code, call, disk)
	}
	return disk, nil
}

func (r *room) activated(tx *inventory.Tx, w *job.Work, failure error) {
	settleChange(tx, w, failure, audit.DiskPlugged, audit.DiskPlugFailed)
}

func (r *room) deactivated(tx *inventory.Tx, w *job.Work, failure error) {
	settleChange(tx, w, failure, audit.DiskUnplugged, audit.DiskUnplugFailed)
}
