package disks

import (
	"fmt"
	"slices"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

const (
	sector   = 512
	gibibyte = 1 << 30
)

// maxIDE is how many IDE disks a VM may have: four places, and one is the CD's.
const maxIDE = 3

// checkSize rounds the size up to whole sectors and refuses one that cannot be.
func (r *room) checkSize(verb string, disk *model.Disk) error {
	most := int64(r.Values.Int("MaxDiskSize"))
	if disk.ProvisionedSize <= 0 || (disk.ProvisionedSize-1)/gibibyte >= most {
		return fault.New(fault.Invalid, verb, fmt.Sprintf("The size must be between 1 byte and %d GiB (option MaxDiskSize).", most))
	}
	if rest := disk.ProvisionedSize % sector; rest != 0 {
		disk.ProvisionedSize += sector - rest
	}
	return nil
}

// checkKind refuses combinations of format and use that cannot be. Both formats
// can be thin or preallocated.
func checkKind(verb string, disk *model.Disk) error {
	switch {
	case disk.Format != model.DiskCOW && disk.Format != model.DiskRaw:
		return fault.New(fault.Invalid, verb, "The format must be cow or raw.")
	case disk.Shareable && disk.Format != model.DiskRaw:
		return fault.New(fault.Invalid, verb, "A shareable disk must be of the format raw.")
	}
	return checkInterface(verb, disk.Interface)
}

func checkInterface(verb string, wanted model.DiskInterface) error {
	if !slices.Contains([]model.DiskInterface{model.DiskIDE, model.DiskVirtio, model.DiskVirtioSCSI}, wanted) {
		return fault.New(fault.Invalid, verb, "The interface must be ide, virtio or virtio_scsi.")
	}
	return nil
}

// checkAttachment refuses an attachment that does not go with the VM's other
// disks.
func checkAttachment(verb string, vm *model.VM, wanted *model.DiskAttachment) error {
	if err := checkInterface(verb, wanted.Interface); err != nil {
		return err
	}
	ide := 0
	for i := range vm.Disks {
		other := &vm.Disks[i]
		if other.Disk == wanted.Disk {
			continue
		}
		if wanted.Bootable && other.Bootable {
			return fault.New(fault.StateConflict, verb, fmt.Sprintf("The VM %s has a bootable disk already.", vm.Name))
		}
		if other.Interface == model.DiskIDE {
			ide++
		}
	}
	switch {
	case wanted.Interface == model.DiskIDE && ide >= maxIDE:
		return fault.New(fault.StateConflict, verb, fmt.Sprintf("A VM may have at most %d IDE disks.", maxIDE))
	case wanted.Interface == model.DiskIDE && wanted.ReadOnly:
		return fault.New(fault.Invalid, verb, "An IDE disk cannot be read-only.")
	case wanted.Interface == model.DiskVirtioSCSI && !vm.VirtioSCSI:
		return fault.New(fault.StateConflict, verb, fmt.Sprintf("The VM %s has no VirtIO-SCSI controller.", vm.Name))
	}
	return nil
}

// checkPlug refuses what cannot be given to a guest that runs, or taken from it. A
// stateless one is given no disk: it would write to the disk itself, and to put an
// overlay back on a disk that has changed meanwhile would harm both.
func checkPlug(verb string, vm *model.VM, from, to *model.DiskAttachment) error {
	if vm.Run.Status == model.StatusDown || isActive(from) == isActive(to) {
		return nil
	}
	changed := to
	if isActive(from) {
		changed = from
	}
	switch {
	case isActive(to) && vm.Effective().Stateless:
		return fault.New(fault.RunningStateless, verb, vm.Name)
	case changed.Interface == model.DiskIDE:
		return fault.New(fault.StateConflict, verb, "An IDE disk cannot be plugged or unplugged while the VM runs.")
	case isActive(from) && vm.Run.Status == model.StatusPaused:
		return fault.New(fault.StateConflict, verb, "The VM is paused, and its guest cannot let go of a disk.")
	}
	return nil
}

// checkDomain refuses a storage domain that a disk cannot be in or be used from.
func checkDomain(tx *inventory.Tx, verb string, disk *model.Disk, vm *model.VM) (*model.StorageDomain, error) {
	domain, ok := tx.StorageDomains.Get(disk.StorageDomain)
	switch {
	case !ok:
		return nil, fault.New(fault.DomainNotFound, verb)
	case domain.Type != model.StorageDomainData:
		return nil, fault.New(fault.Invalid, verb, fmt.Sprintf("%s is not a data storage domain.", domain.Name))
	case domain.Status != model.StorageDomainActive:
		return nil, fault.New(fault.DomainStatusIllegal, verb, string(domain.Status))
	case vm != nil && dataCenter(tx, vm) != domain.DataCenter:
		return nil, fault.New(fault.DataCenterMismatch, verb, domain.Name)
	}
	return domain, nil
}

func dataCenter(tx *inventory.Tx, vm *model.VM) model.ID {
	if cluster, ok := tx.Clusters.Get(vm.Cluster); ok {
		return cluster.DataCenter
	}
	return ""
}

// checkFree refuses a disk that is being made, grown or removed.
func checkFree(verb string, disk *model.Disk) error {
	if disk.Status == model.DiskLocked {
		return fault.New(fault.DiskLocked, verb, disk.Alias)
	}
	return nil
}

// ofVM finds the VM of a call, the disk and how it is attached.
func ofVM(tx *inventory.Tx, call *engine.Call) (*model.VM, *model.Disk, *model.DiskAttachment, error) {
	disk, ok := tx.Disks.Get(call.Target)
	if !ok {
		return nil, nil, nil, fault.Missing(string(call.Target))
	}
	vm, ok := tx.VMs.Get(call.Parent)
	if !ok {
		return nil, nil, nil, fault.New(fault.VMNotFound, call.Verb+" of")
	}
	found := attachment(vm, disk.ID)
	if found == nil {
		return nil, nil, nil, fault.Missing(string(call.Target))
	}
	return vm, disk, found, nil
}
