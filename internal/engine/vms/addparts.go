package vms

import (
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// chosenTemplate is the one that an edit names, or its newest version if the edit
// asks for that.
func chosenTemplate(tx *inventory.Tx, call *engine.Call, edit engine.Edit[model.VM]) (*model.Template, error) {
	asked := &model.VM{}
	if edit != nil {
		if err := edit(asked); err != nil {
			return nil, err
		}
	}
	template, ok := tx.Templates.Get(asked.Template)
	if !ok {
		return nil, fault.Missing("Template: id=" + string(asked.Template))
	}
	if asked.UseLatestTemplateVersion {
		template = newest(tx, template)
	}
	switch template.Status {
	case model.TemplateLocked:
		return nil, fault.New(fault.TemplateLocked, call.Verb+" VM", template.Name)
	case model.TemplateIllegal:
		return nil, fault.New(fault.TemplateIllegal, call.Verb+" VM", template.Name)
	case model.TemplateOK:
	}
	return template, nil
}

// newest is the version of a template with the highest number, of those that can be
// used.
func newest(tx *inventory.Tx, of *model.Template) *model.Template {
	return engine.Newest(tx.Templates.All(), of)
}

// wantDisks makes the records of a VM's disks, which are made of others.
func (r *room) wantDisks(tx *inventory.Tx, verb string, made *wanted, attached []model.DiskAttachment, wishes []engine.DiskWish, thin bool) error {
	dataCenter := engine.DataCenterOf(tx, made.vm.Cluster)
	made.vm.Disks = nil
	for _, attachment := range attached {
		from, ok := tx.Disks.Get(attachment.Disk)
		if !ok {
			return fault.Missing("Disk: id=" + string(attachment.Disk))
		}
		disk, err := r.Copied(tx, verb, from, engine.Wish(wishes, from.ID), thin, dataCenter)
		if err != nil {
			return err
		}
		attachment.Disk = disk.ID
		made.vm.Disks = append(made.vm.Disks, attachment)
		made.disks = append(made.disks, disk)
		made.copies = append(made.copies, engine.DiskCopy{From: from.ID, To: disk.ID, Thin: thin})
	}
	return nil
}

// renewNICs makes the network interfaces of a VM, which are those of what it is made of,
// ones of its own.
func renewNICs(vm *model.VM) {
	for i := range vm.NICs {
		vm.NICs[i].ID, vm.NICs[i].MAC = model.NewID(), ""
	}
}

// addressNICs gives network interfaces that have none an address.
func (r *room) addressNICs(tx *inventory.Tx, verb string, vm *model.VM) error {
	var without []*model.NIC
	for i := range vm.NICs {
		if vm.NICs[i].MAC == "" {
			without = append(without, &vm.NICs[i])
		}
	}
	addresses, err := r.FreeMACs(tx, verb, vm.Cluster, len(without))
	if err != nil {
		return err
	}
	for i, nic := range without {
		nic.MAC = addresses[i]
	}
	return nil
}
