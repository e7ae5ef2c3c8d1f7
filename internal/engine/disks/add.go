package disks

import (
	"fmt"
	"slices"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// AddParams are the Params of add: a new disk with a blank image. With Parent it
// is attached to that VM, active unless Attach says otherwise.
type AddParams struct {
	// Edit changes the new disk. It starts with an id of its own, which may be
	// replaced, and must set size, format and interface.
	Edit engine.Edit[model.Disk] `json:"-"`
	// Attach changes the attachment; nil changes nothing.
	Attach engine.Edit[model.DiskAttachment] `json:"-"`

	// The rest is filled in, for the steps.
	VM     model.ID    `json:"vm,omitempty"`
	Active bool        `json:"active,omitempty"`
	Owner  image.Owner `json:"owner"`
}

// Durable keeps the parameters with the job.
func (*AddParams) Durable() {}

// addData is what an add remembers.
type addData struct {
	ActualSize int64 `json:"actual_size"`
}

// wanted is what an add is to make.
type wanted struct {
	params   *AddParams
	disk     *model.Disk
	attached *model.DiskAttachment // nil for a floating disk
	vm       *model.VM
}

func (r *room) checkAdd(tx *inventory.Tx, call *engine.Call) error {
	if vm, ok := tx.VMs.Get(call.Parent); ok {
		return r.Free(tx, call, vm.Ref())
	}
	return nil
}

// wanted finds out what a call asks for, with everything that was left open
// (api-v3 6.1, 6.2).
func (r *room) wanted(tx *inventory.Tx, call *engine.Call) (*wanted, error) {
	params, ok := call.Params.(*AddParams)
	if !ok || params.Edit == nil {
		return nil, fault.New(fault.Invalid, call.Verb, "Nothing to add was given.")
	}
	vm, _ := tx.VMs.Get(call.Parent)
	disk := &model.Disk{ID: model.NewID()}
	if err := params.Edit(disk); err != nil {
		return nil, err
	}
	if _, exists := tx.Disks.Get(disk.ID); exists {
		return nil, fault.New(fault.Duplicate, call.Verb, "There is a disk with this id already.")
	}
	if id, err := model.ParseID(string(disk.ID)); err != nil || id != disk.ID {
		return nil, fault.New(fault.Invalid, call.Verb, "The id is not a UUID.")
	}
	if !disk.Sparse && disk.Format == model.DiskCOW && !saysSparse(params.Edit) {
		disk.Sparse = true
	}
	if disk.Alias == "" {
		disk.Alias = freeAlias(tx, vm, disk.ID)
	}
	if err := r.checkDisk(call.Verb, disk); err != nil {
		return nil, err
	}
	if err := r.chooseDomain(tx, call, disk, vm); err != nil {
		return nil, err
	}
	if domain, ok := tx.StorageDomains.Get(disk.StorageDomain); ok && domain.WipeAfterDelete && !saysNotToWipe(params.Edit) {
		disk.WipeAfterDelete = true
	}
	if vm == nil {
		return &wanted{params: params, disk: disk}, nil
	}
	attached := &model.DiskAttachment{Disk: disk.ID, Interface: disk.Interface, Bootable: disk.Bootable, Active: true}
	if params.Attach != nil {
		if err := params.Attach(attached); err != nil {
			return nil, err
		}
		attached.Disk = disk.ID
	}
	disk.Bootable = attached.Bootable
	if err := checkAttachment(call.Verb, vm, attached); err != nil {
		return nil, err
	}
	return &wanted{params, disk, attached, vm}, checkPlug(call.Verb, vm, nil, attached)
}

// saysSparse finds out whether an edit sets the allocation at all.
func saysSparse(edit engine.Edit[model.Disk]) bool {
	probe := &model.Disk{ID: model.NewID(), Sparse: true}
	return edit(probe) == nil && !probe.Sparse
}

// saysNotToWipe finds out whether an edit wants the disk not to be wiped, whatever its
// domain does.
func saysNotToWipe(edit engine.Edit[model.Disk]) bool {
	probe := &model.Disk{ID: model.NewID(), WipeAfterDelete: true}
	return edit(probe) == nil && !probe.WipeAfterDelete
}

func (r *room) checkDisk(verb string, disk *model.Disk) error {
	if err := engine.CheckDiskTexts(verb, disk); err != nil {
		return err
	}
	if err := r.checkSize(verb, disk); err != nil {
		return err
	}
	return checkKind(verb, disk)
}

// freeAlias is <vm>_Disk<N> with the first number that no disk of the VM has;
// a floating disk is called by its id.
func freeAlias(tx *inventory.Tx, vm *model.VM, id model.ID) string {
	if vm == nil {
		return string(id)
	}
	for n := 1; ; n++ {
		alias := fmt.Sprintf("%s_Disk%d", vm.Name, n)
		if !slices.ContainsFunc(vm.Disks, func(a model.DiskAttachment) bool {
			other, ok := tx.Disks.Get(a.Disk)
			return ok && other.Alias == alias
		}) {
			return alias
		}
	}
}

// chooseDomain takes the first active data domain with room, if none was named.
func (r *room) chooseDomain(tx *inventory.Tx, call *engine.Call, disk *model.Disk, vm *model.VM) error {
	verb := call.Verb
	needed := int64(1 << 20)
	if !disk.Sparse {
		needed = disk.ProvisionedSize
	}
	if disk.StorageDomain != "" {
		domain, err := checkDomain(tx, verb, disk, vm)
		if err != nil {
			return err
		}
		return r.CheckRoom(call, domain, needed)
	}
	for _, domain := range tx.StorageDomains.All() {
		if domain.Type != model.StorageDomainData || domain.Status != model.StorageDomainActive ||
			vm != nil && domain.DataCenter != dataCenter(tx, vm) {
			continue
		}
		err := r.CheckRoom(call, domain, needed)
		if err == nil {
			disk.StorageDomain = domain.ID
		}
		if !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	return fault.New(fault.NoSuitableDomain, verb+" of")
}

// add records the disk, locked until its image is there. A VM that is down has
// it at once, and cannot start before (api-v3 4.2); one that runs is given it
// when it is ready.
func (r *room) add(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	wanted, err := r.wanted(tx, call)
	if err != nil {
		return nil, err
	}
	disk := wanted.disk
	disk.Volume, disk.Status, disk.CreationTime = model.NewID(), model.DiskLocked, time.Now().UTC()
	tx.Disks.Put(disk)
	params := wanted.params
	params.Owner = owner(tx, disk, wanted.vm)
	code := audit.FloatingAddBegun
	if wanted.vm != nil {
		code = audit.DiskAddBegun
		params.VM, params.Active = wanted.vm.ID, wanted.attached.Active
		wanted.attached.Active = params.Active && wanted.vm.Run.Status == model.StatusDown
		setAttachment(tx, wanted.vm.ID, disk.ID, wanted.attached)
	}
	tell(tx, code, call, disk)
	return disk, nil
}

// owner is whom QEMU runs as where the disk will be used: on the VM's host, or on
// any of the data center that has been seen.
func owner(tx *inventory.Tx, disk *model.Disk, vm *model.VM) image.Owner {
	if vm != nil {
		if on, ok := tx.Hosts.Get(vm.Run.Host); ok {
			return image.Owner{UID: on.Facts.ImageUID, GID: on.Facts.ImageGID}
		}
	}
	domain, _ := tx.StorageDomains.Get(disk.StorageDomain)
	return engine.ImageOwner(tx, domain.DataCenter)
}
