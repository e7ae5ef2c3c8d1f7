package disks

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// tables is the room in bytes that the tables of a volume may need beside what it
// holds.
const tables = 1 << 20

// checkMove refuses what cannot go there, or not now.
func (r *room) checkMove(tx *inventory.Tx, call *engine.Call) error {
	params, err := moveParams(call)
	if err != nil {
		return err
	}
	if call.Parent != "" {
		if _, _, _, err := ofVM(tx, call); err != nil {
			return err
		}
	}
	disks := r.toMove(tx, call)
	if len(disks) == 0 {
		return fault.New(fault.Invalid, call.Verb, "The VM has no disks.")
	}
	var to *model.StorageDomain
	needed := int64(0)
	for _, disk := range disks {
		if to, err = r.checkGoing(tx, call, disk, params.StorageDomain); err != nil {
			return err
		}
		needed += occupiedBy(tx, disk)
	}
	if err := r.CheckRoom(call, to, needed); err != nil {
		return err
	}
	return r.checkPlace(call, disks, to)
}

// toMove are the disks that a call names.
func (r *room) toMove(tx *inventory.Tx, call *engine.Call) []*model.Disk {
	if call.On == model.KindDisk {
		disk, ok := tx.Disks.Get(call.Target)
		if !ok {
			return nil
		}
		return []*model.Disk{disk}
	}
	vm, ok := tx.VMs.Get(call.Target)
	if !ok {
		return nil
	}
	var all []*model.Disk
	for _, attached := range vm.Disks {
		if disk, ok := tx.Disks.Get(attached.Disk); ok {
			all = append(all, disk)
		}
	}
	return all
}

// checkGoing refuses one disk.
func (r *room) checkGoing(tx *inventory.Tx, call *engine.Call, disk *model.Disk, to model.ID) (*model.StorageDomain, error) {
	verb := call.Verb
	if err := checkWhole(verb, disk); err != nil {
		return nil, err
	}
	if err := engine.CheckNoTemplate(tx, verb, disk); err != nil {
		return nil, err
	}
	if err := checkSettled(tx, verb, disk); err != nil {
		return nil, err
	}
	domain, err := checkDestination(tx, verb, disk, to)
	if err != nil {
		return nil, err
	}
	if domain.ID == disk.StorageDomain {
		return nil, fault.New(fault.SameDomain, verb, disk.Alias, domain.Name)
	}
	for _, vm := range users(tx, disk.ID) {
		if call.On == model.KindVM && vm.ID == call.Target {
			continue // the command has its lock
		}
		if err := r.Free(tx, call, vm.Ref()); err != nil {
			return nil, err
		}
	}
	return domain, checkLive(tx, verb, disk)
}

// checkPlace refuses a place where images lie that are not known to be worth nothing: an
// older state of a disk, in a domain that was imported.
func (r *room) checkPlace(call *engine.Call, disks []*model.Disk, to *model.StorageDomain) error {
	taken, err := engine.Outside(call, "images in "+string(to.ID), func(ctx context.Context) (*model.Disk, error) {
		for _, disk := range disks {
			if slices.Contains(disk.Left, to.ID) {
				continue
			}
			_, err := r.Images.Occupied(ctx, to, disk.ID)
			if err == nil {
				return disk, nil
			}
			if !errors.Is(err, image.ErrNotFound) {
				return nil, err
			}
		}
		return nil, nil
	})
	if err != nil {
		return engine.OutsideFault(call.Verb, to, err)
	}
	if taken != nil {
		return fault.New(fault.Duplicate, call.Verb, fmt.Sprintf(
			"Images with the id of the disk %s lie in storage domain %s and do not belong to it; remove them there first.", taken.Alias, to.Name))
	}
	return nil
}

// checkSettled refuses a disk of a VM whose snapshots are at work, or that previews one:
// its image group then holds more than the disk's chain.
func checkSettled(tx *inventory.Tx, verb string, disk *model.Disk) error {
	concerned := users(tx, disk.ID)
	if held := engine.HeldBy(tx, disk.ID); held != nil {
		if vm, ok := tx.VMs.Get(held.VM); ok {
			concerned = append(concerned, vm)
		}
	}
	for _, vm := range concerned {
		if err := engine.CheckSettled(tx, verb, vm); err != nil {
			return err
		}
	}
	return nil
}

// checkWhole refuses a disk that is at other work or broken.
func checkWhole(verb string, disk *model.Disk) error {
	if err := checkFree(verb, disk); err != nil {
		return err
	}
	if disk.Status != model.DiskOK {
		return fault.New(fault.StateConflict, verb, fmt.Sprintf("The disk %s is illegal.", disk.Alias))
	}
	return nil
}

// checkDestination refuses a storage domain that a disk cannot be brought to from
// where it is.
func checkDestination(tx *inventory.Tx, verb string, disk *model.Disk, to model.ID) (*model.StorageDomain, error) {
	from, err := checkDomain(tx, verb, disk, nil)
	if err != nil {
		return nil, err
	}
	domain, err := checkDomain(tx, verb, &model.Disk{StorageDomain: to}, nil)
	if err != nil {
		return nil, err
	}
	if domain.DataCenter != from.DataCenter {
		return nil, fault.New(fault.DataCenterMismatch, verb, domain.Name)
	}
	return domain, nil
}

// checkLive refuses to move a disk under guests whose QEMU cannot do it.
func checkLive(tx *inventory.Tx, verb string, disk *model.Disk) error {
	guests := guestsOf(tx, disk.ID)
	refuse := func(format string, args ...any) error {
		return fault.New(fault.StateConflict, verb, fmt.Sprintf(format, args...))
	}
	if len(guests) == 0 {
		return nil
	}
	vm := guests[0]
	const rest = "; deactivate it first, or stop the VM."
	switch {
	case disk.Shareable || len(guests) > 1:
		return refuse("The disk %s is shareable and VM %s is not down; stop all VMs that use it.", disk.Alias, vm.Name)
	case !slices.Contains(live, vm.Run.Status):
		return refuse("VM %s is neither down, up nor paused and uses the disk %s.", vm.Name, disk.Alias)
	case vm.Effective().Stateless:
		return refuse("VM %s runs stateless on the disk %s"+rest, vm.Name, disk.Alias)
	case attachment(vm, disk.ID).ReadOnly:
		return refuse("VM %s only reads the disk %s"+rest, vm.Name, disk.Alias)
	case !disk.Sparse && disk.Format == model.DiskCOW:
		return refuse("VM %s uses the disk %s, of the format cow and preallocated, which would not be so any more"+rest, vm.Name, disk.Alias)
	}
	return nil
}

// movesLive says whether a guest has the disk.
func movesLive(tx *inventory.Tx, call *engine.Call) bool { return len(guestsOf(tx, call.Target)) > 0 }

// occupiedBy is about how many bytes all volumes of a disk will take up elsewhere.
func occupiedBy(tx *inventory.Tx, disk *model.Disk) int64 {
	sum := disk.ActualSize + tables
	if !disk.Sparse {
		sum = max(sum, disk.ProvisionedSize)
	}
	for _, below := range disk.Chain {
		if template, ok := tx.Disks.Get(below.Template); ok {
			sum += template.ActualSize
		}
	}
	return sum
}
