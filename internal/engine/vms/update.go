package vms

import (
	"reflect"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// UpdateParams are the Params of update.
type UpdateParams struct {
	Edit engine.Edit[model.VM]
	// NextRun changes the configuration of the next run only (;next_run).
	NextRun bool
}

// update changes the configuration. Of a VM that runs, what cannot change live
// waits for its next run (api-v3 2.2, 6.1).
func (r *room) update(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	params, ok := call.Params.(*UpdateParams)
	if !ok || params.Edit == nil {
		return nil, fault.New(fault.Invalid, "edit VM", "Nothing to change was given.")
	}
	vm, _ := tx.VMs.Get(call.Target)
	running := !lifecycle.Resting(vm.Run.Status)
	base := editable(vm)
	changed := model.Clone(base)
	if err := params.Edit(changed); err != nil {
		return nil, err
	}
	if changed.ID != vm.ID {
		return nil, &fault.Fault{
			Kind: fault.Conflict, Code: "IMMUTABLE", Reason: "Broken immutability constraint",
			Messages: []string{"Attempt to set immutable field: id"},
		}
	}
	changed.Template, changed.Origin = vm.Template, base.Origin
	if changed.GuaranteedMemory > changed.Memory {
		changed.GuaranteedMemory = changed.Memory
	}
	if err := r.check(tx, "edit VM", vm.ID, &changed.VMConfig); err != nil {
		return nil, err
	}
	if err := r.checkLease(tx, call, vm, changed); err != nil {
		return nil, err
	}
	if reflect.DeepEqual(changed.VMConfig, base.VMConfig) && vm.NextRun == nil && changed.Lease == vm.Lease {
		return vm, nil
	}
	edited, _ := tx.VMs.Edit(vm.ID)
	if edited.Lease != changed.Lease {
		r.Tidy(tx, edited, engine.Tidying{Lease: edited.Lease})
		edited.Lease = changed.Lease
	}
	switch {
	case !running && vm.Run.Suspended != nil && !reflect.DeepEqual(liveFields(changed.VMConfig, vm.VMConfig), vm.VMConfig) &&
		!reflect.DeepEqual(liveFields(vm.VMConfig, changed.VMConfig), changed.VMConfig):
		return nil, fault.New(fault.IllegalField, "edit VM", "A suspended VM goes on as it was; stop it before you change it.")
	case !running:
		edited.VMConfig = changed.VMConfig
	default:
		if !params.NextRun {
			edited.VMConfig = liveFields(vm.VMConfig, changed.VMConfig)
		}
		edited.NextRun = nil
		if !reflect.DeepEqual(edited.VMConfig, changed.VMConfig) {
			next := changed.VMConfig
			edited.NextRun = &next
		}
	}
	if edited.Cluster != vm.Cluster {
		engine.LeaveGroups(tx, edited)
	}
	tx.Event(audit.New(audit.Updated, about(call, edited)))
	return edited, nil
}

// editable is a copy of a VM with the configuration that an update changes: the one
// that waits for the next run, if one does.
func editable(vm *model.VM) *model.VM {
	base := model.Clone(vm)
	if !lifecycle.Resting(vm.Run.Status) && vm.NextRun != nil {
		base.VMConfig = withDevices(*model.Clone(vm.NextRun), vm.VMConfig)
	}
	return base
}

// liveFields is now with those fields of wanted that count at once.
func liveFields(now, wanted model.VMConfig) model.VMConfig {
	now.Description, now.Comment = wanted.Description, wanted.Comment
	now.DeleteProtected, now.HA = wanted.DeleteProtected, wanted.HA
	now.Placement, now.MigrationDowntime, now.Migration = wanted.Placement, wanted.MigrationDowntime, wanted.Migration
	now.TunnelMigration = wanted.TunnelMigration
	now.UseLatestTemplateVersion = wanted.UseLatestTemplateVersion
	return now
}

// withDevices keeps the devices, which have commands of their own.
func withDevices(config, now model.VMConfig) model.VMConfig {
	config.Disks, config.NICs, config.CDROM, config.Tags = now.Disks, now.NICs, now.CDROM, now.Tags
	return config
}
