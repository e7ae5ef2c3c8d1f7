package vms

import (
	"slices"
	"strings"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// lockRemoved: which job is in the way is told by the checks, in their order.
func lockRemoved(*inventory.Tx, *engine.Call) []model.Ref { return nil }

// checkKept refuses what is not to be removed, or whose disks cannot be kept,
// whatever the VM's status (api-v3 3.14).
func checkKept(tx *inventory.Tx, call *engine.Call) error {
	vm, _ := tx.VMs.Get(call.Target)
	if vm.DeleteProtected {
		return fault.New(fault.DeleteProtected)
	}
	if !removeParams(call).DetachOnly {
		return nil
	}
	for _, disk := range disksOf(tx, vm) {
		if slices.ContainsFunc(disk.Chain, func(v model.Volume) bool { return v.Template != "" }) {
			return fault.New(fault.DetachBasedOnTemplate, disk.Alias)
		}
		if engine.HeldBy(tx, disk.ID) != nil {
			return fault.New(fault.DetachWithSnapshots, "remove VM and keep its disks", vm.Name)
		}
	}
	return nil
}

// checkRemove refuses in the documented order (api-v3 3.14); membership of a pool
// would come first. With force it asks for one thing alone, beside the guest: that
// no job is at work.
func (r *room) checkRemove(tx *inventory.Tx, call *engine.Call) error {
	vm, _ := tx.VMs.Get(call.Target)
	rules := []func(*inventory.Tx, *engine.Call, *model.VM) error{
		r.checkUnheld, checkSnapshots, checkDomains, checkUnlocked, r.checkDisksUnheld, r.checkNoGuest,
	}
	if removeParams(call).Force {
		rules = []func(*inventory.Tx, *engine.Call, *model.VM) error{checkNoTasks, r.checkNoGuest}
	}
	for _, rule := range rules {
		if err := rule(tx, call, vm); err != nil {
			return err
		}
	}
	return nil
}

func (r *room) checkUnheld(tx *inventory.Tx, call *engine.Call, vm *model.VM) error {
	return r.Free(tx, call, vm.Ref())
}

func checkSnapshots(tx *inventory.Tx, call *engine.Call, vm *model.VM) error {
	return engine.CheckSettled(tx, call.Verb+" VM", vm)
}

func checkDomains(tx *inventory.Tx, call *engine.Call, vm *model.VM) error {
	for _, disk := range disksOf(tx, vm) {
		domain, ok := tx.StorageDomains.Get(disk.StorageDomain)
		if !ok {
			return fault.New(fault.DomainNotFound, call.Verb+" VM")
		}
		if domain.Status != model.StorageDomainActive {
			return fault.New(fault.DomainStatusIllegal, call.Verb+" VM", string(domain.Status))
		}
	}
	return nil
}

// checkUnlocked: a disk that is not active may be at work too, as while it is made.
func checkUnlocked(tx *inventory.Tx, call *engine.Call, vm *model.VM) error {
	var locked []string
	for _, disk := range disksOf(tx, vm) {
		if disk.Status == model.DiskLocked {
			locked = append(locked, disk.Alias)
		}
	}
	switch {
	case len(locked) > 0:
		return fault.New(fault.DisksLocked, call.Verb, strings.Join(locked, ", "))
	case vm.Run.Status == model.StatusImageLocked:
		return fault.New(fault.VMLocked, call.Verb)
	}
	return nil
}

func (r *room) checkDisksUnheld(tx *inventory.Tx, call *engine.Call, vm *model.VM) error {
	return r.Free(tx, call, diskRefs(tx, vm)...)
}

// checkNoTasks is for force: a lock that no job holds is what it is there for, but a
// job at work on the VM, its snapshots or its disks would go on with what is gone.
func checkNoTasks(tx *inventory.Tx, _ *engine.Call, vm *model.VM) error {
	refs := append(diskRefs(tx, vm), vm.Ref())
	for _, snapshot := range engine.SnapshotsOf(tx, vm.ID) {
		refs = append(refs, snapshot.Ref())
	}
	for _, ref := range refs {
		if _, held := tx.Holder(ref); held {
			return fault.New(fault.RemoveRunningTasks)
		}
	}
	return nil
}

// checkNoGuest asks the hosts: that a VM is recorded as down is not enough to take
// its disks away.
func (r *room) checkNoGuest(_ *inventory.Tx, call *engine.Call, vm *model.VM) error {
	where, err := r.NoGuest(call, vm.ID)
	if err == nil && where != "" {
		return fault.New(fault.VMRunning, call.Verb)
	}
	return err
}

func disksOf(tx *inventory.Tx, vm *model.VM) []*model.Disk {
	var found []*model.Disk
	for _, attachment := range vm.Disks {
		if disk, ok := tx.Disks.Get(attachment.Disk); ok {
			found = append(found, disk)
		}
	}
	return found
}

func diskRefs(tx *inventory.Tx, vm *model.VM) []model.Ref {
	var refs []model.Ref
	for _, disk := range disksOf(tx, vm) {
		refs = append(refs, disk.Ref())
	}
	return refs
}
