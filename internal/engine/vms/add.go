package vms

import (
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// add makes a VM: the template's configuration, changed by what was given
// (api-v3 6.1). Its Params are an engine.Edit of the new VM; Parent is unused
// and the edit sets Template and Cluster.
func (r *room) add(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	edit, _ := call.Params.(engine.Edit[model.VM])
	wanted := &model.VM{}
	if edit != nil {
		if err := edit(wanted); err != nil {
			return nil, err
		}
	}
	template, ok := tx.Templates.Get(wanted.Template)
	if !ok {
		return nil, fault.Missing("Template: id=" + string(wanted.Template))
	}
	vm := &model.VM{ID: model.NewID(), CreationTime: time.Now().UTC(), VMConfig: model.Clone(template).VMConfig}
	vm.Name, vm.Description, vm.Comment, vm.DeleteProtected = "", "", "", false
	vm.Origin = "ovirt"
	if edit != nil {
		if err := edit(vm); err != nil {
			return nil, err
		}
	}
	vm.Template = template.ID
	if len(tx.VMs.All()) >= r.Values.Int("MaxVmsInSystem") {
		return nil, fault.New(fault.Invalid, "add VM", "The engine has as many VMs as it may (option MaxVmsInSystem).")
	}
	if vm.GuaranteedMemory == 0 || vm.GuaranteedMemory > vm.Memory {
		vm.GuaranteedMemory = vm.Memory
	}
	if err := r.check(tx, "add VM", vm.ID, &vm.VMConfig); err != nil {
		return nil, err
	}
	if vm.CDROM != "" {
		if err := r.CheckISOFile(call, vm, vm.CDROM, fault.NoISOFile); err != nil {
			return nil, err
		}
	}
	vm.Run.Status, vm.Run.Since = model.StatusDown, vm.CreationTime
	tx.VMs.Put(vm)
	tx.Event(audit.New(audit.Created, about(call, vm)))
	return vm, nil
}

func about(call *engine.Call, vm *model.VM) audit.About {
	about := audit.About{VM: vm, CorrelationID: call.CorrelationID}
	if call.Caller != nil {
		about.User, about.UserName = call.Caller.User, call.Caller.Name
	}
	return about
}
