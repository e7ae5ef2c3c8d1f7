package engine

import (
	"slices"

	"vireo/internal/fault"
	"vireo/internal/model"
)

// AttachedDisk is a disk with the way in which it is attached to a VM.
type AttachedDisk struct {
	Disk       *model.Disk
	Attachment *model.DiskAttachment
}

// VMDisks gives the disks of a VM in the order in which they were attached.
func (v *View) VMDisks(vm model.ID) ([]AttachedDisk, error) {
	owner, err := v.VM(vm)
	if err != nil {
		return nil, err
	}
	disks := make([]AttachedDisk, 0, len(owner.Disks))
	for i := range owner.Disks {
		if disk, ok := v.engine.Inventory.Disks.Get(owner.Disks[i].Disk); ok {
			disks = append(disks, AttachedDisk{disk, &owner.Disks[i]})
		}
	}
	return disks, nil
}

// VMDisk finds one disk of a VM.
func (v *View) VMDisk(vm, disk model.ID) (AttachedDisk, error) {
	disks, err := v.VMDisks(vm)
	if err != nil {
		return AttachedDisk{}, err
	}
	i := slices.IndexFunc(disks, func(d AttachedDisk) bool { return d.Disk.ID == disk })
	if i < 0 {
		return AttachedDisk{}, fault.Missing(string(disk))
	}
	return disks[i], nil
}

// DiskVMs gives the VMs that a disk is attached to, by name.
func (v *View) DiskVMs(disk model.ID) []*model.VM {
	var users []*model.VM
	for _, vm := range v.VMs() {
		if slices.ContainsFunc(vm.Disks, func(a model.DiskAttachment) bool { return a.Disk == disk }) {
			users = append(users, vm)
		}
	}
	return users
}

// TemplateDisks gives the disks of a template.
func (v *View) TemplateDisks(template model.ID) ([]AttachedDisk, error) {
	owner, err := v.Template(template)
	if err != nil {
		return nil, err
	}
	disks := make([]AttachedDisk, 0, len(owner.Disks))
	for i := range owner.Disks {
		if disk, ok := v.engine.Inventory.Disks.Get(owner.Disks[i].Disk); ok {
			disks = append(disks, AttachedDisk{disk, &owner.Disks[i]})
		}
	}
	return disks, nil
}

// VMNIC finds one network interface of a VM.
func (v *View) VMNIC(vm, nic model.ID) (*model.NIC, error) {
	owner, err := v.VM(vm)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(owner.NICs, func(n model.NIC) bool { return n.ID == nic })
	if i < 0 {
		return nil, fault.Missing(string(nic))
	}
	return &owner.NICs[i], nil
}
