package disks

import (
	"slices"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

func isActive(attached *model.DiskAttachment) bool { return attached != nil && attached.Active }

// attachment finds how a disk is attached to a VM; nil if it is not. The value
// is a copy.
func attachment(vm *model.VM, disk model.ID) *model.DiskAttachment {
	i := place(vm, disk)
	if i < 0 {
		return nil
	}
	found := vm.Disks[i]
	return &found
}

func place(vm *model.VM, disk model.ID) int {
	return slices.IndexFunc(vm.Disks, func(a model.DiskAttachment) bool { return a.Disk == disk })
}

// setAttachment attaches a disk to a VM like this, or detaches it: nil. A VM or
// a disk that is gone is left at that.
func setAttachment(tx *inventory.Tx, vm, disk model.ID, wanted *model.DiskAttachment) {
	edited, ok := tx.VMs.Edit(vm)
	if !ok {
		return
	}
	i := place(edited, disk)
	switch {
	case wanted == nil && i >= 0:
		edited.Disks = slices.Delete(edited.Disks, i, i+1)
	case wanted != nil && i >= 0:
		edited.Disks[i] = *wanted
	case wanted != nil:
		edited.Disks = append(edited.Disks, *wanted)
	}
	engine.AlignNextRun(edited)
}

// users are the VMs that a disk is attached to.
func users(tx *inventory.Tx, disk model.ID) []*model.VM {
	var found []*model.VM
	for _, vm := range tx.VMs.All() {
		if place(vm, disk) >= 0 {
			found = append(found, vm)
		}
	}
	return found
}

// tell writes the event of a call that needed no job.
func tell(tx *inventory.Tx, code audit.Code, call *engine.Call, disk *model.Disk) {
	tx.Event(audit.New(code, aboutCall(tx, call, disk)))
}

// aboutCall is what an event of a call about a disk is about.
func aboutCall(tx *inventory.Tx, call *engine.Call, disk *model.Disk) audit.About {
	about := audit.About{Disk: disk, CorrelationID: call.CorrelationID}
	about.VM, _ = tx.VMs.Get(call.Parent)
	if call.Caller != nil {
		about.User, about.UserName = call.Caller.User, call.Caller.Name
	}
	return about
}
