package disks

import (
	"context"
	"fmt"
	"slices"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// A disk that a guest has is grown by QEMU, which tells the guest; the storage
// only follows. One host can do that for one guest.

// growing is the room in bytes that there must be for tables and metadata of a
// thin disk that a guest has: growth that stops half-way cannot be taken back.
const growing = 1 << 20

// guestsOf are the VMs that are not down and have the disk.
func guestsOf(tx *inventory.Tx, disk model.ID) []*model.VM {
	return slices.DeleteFunc(users(tx, disk), func(vm *model.VM) bool {
		return vm.Run.Status == model.StatusDown || !isActive(attachment(vm, disk))
	})
}

// growsInUse says whether an update makes a disk larger that a guest has.
func (r *room) growsInUse(tx *inventory.Tx, call *engine.Call) bool {
	return r.grows(tx, call) && len(guestsOf(tx, call.Target)) > 0
}

// locksOfUpdate holds the VM too whose guest is told that its disk has grown.
func (r *room) locksOfUpdate(tx *inventory.Tx, call *engine.Call) []model.Ref {
	refs := diskAndVM(tx, call)
	if !r.growsInUse(tx, call) {
		return refs
	}
	for _, vm := range guestsOf(tx, call.Target) {
		if !slices.Contains(refs, vm.Ref()) {
			refs = append(refs, vm.Ref())
		}
	}
	return refs
}

// checkGuests refuses to grow a disk under guests that cannot be told, or whose
// QEMU cannot do it. A VM that is paused for lack of space can, as soon as there
// is some again.
func checkGuests(tx *inventory.Tx, verb string, disk *model.Disk) error {
	guests := guestsOf(tx, disk.ID)
	refuse := func(why string) error { return fault.New(fault.StateConflict, verb, why) }
	switch {
	case len(guests) == 0:
		return nil
	case len(guests) > 1:
		return refuse(fmt.Sprintf("Several VMs that are not down share the disk %s, which cannot grow meanwhile; stop all of them but one.", disk.Alias))
	}
	vm := guests[0]
	switch {
	case !slices.Contains(live, vm.Run.Status):
		return refuse(fmt.Sprintf("VM %s is neither down, up nor paused and uses the disk %s, which cannot grow meanwhile.", vm.Name, disk.Alias))
	case vm.Effective().Stateless:
		return refuse(fmt.Sprintf("VM %s runs stateless on the disk %s, which cannot grow meanwhile; deactivate it first, or stop the VM.", vm.Name, disk.Alias))
	case attachment(vm, disk.ID).ReadOnly:
		return refuse(fmt.Sprintf("VM %s only reads the disk %s, which cannot grow meanwhile; deactivate it first, or stop the VM.", vm.Name, disk.Alias))
	case !disk.Sparse && disk.Format == model.DiskCOW:
		return refuse(fmt.Sprintf("VM %s uses the disk %s, of the format cow and preallocated, which QEMU cannot make larger with all its space; deactivate it first, or stop the VM.", vm.Name, disk.Alias))
	}
	return nil
}

// growInUse is grow, and keeps for the steps whose guest has the disk.
func (r *room) growInUse(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	e, err := r.edited(tx, call)
	if err != nil {
		return nil, err
	}
	e.params.Guest = guestsOf(tx, call.Target)[0].ID
	return r.grow(tx, call)
}

// resizeInUse lets the host grow the disk of a guest. Where the guest has ended
// meanwhile the image belongs to nobody, and the next step grows it.
func (r *room) resizeInUse(ctx context.Context, w *job.Work) error {
	var params UpdateParams
	if err := w.Params(&params); err != nil {
		return err
	}
	disk, domain, err := r.image(w)
	if err != nil {
		return err
	}
	if !disk.Sparse {
		if err := r.Images.Reserve(ctx, domain, disk, params.Size); err != nil {
			return engine.StorageFault(w.Job.Verb, domain, err)
		}
	}
	vm, ok := r.Inventory.VMs.Get(params.Guest)
	if !ok || vm.Run.Host == "" {
		return nil
	}
	err = r.OnHostWhile(ctx, w, vm.Run.Host, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		return conn.ResizeDisk(ctx, vm.ID, disk.ID, params.Size)
	})
	if hasEnded(err) {
		return nil
	}
	return r.HostFault(w.Job.Verb, vm.Run.Host, err)
}
