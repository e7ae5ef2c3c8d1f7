package nics

import (
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// checkAdd prepares a new network interface: plugged, linked and of the model
// virtio unless Params.Edit says otherwise, with the first free address of the
// pool unless it gives one (api-v3 6.1). The edit must set the name.
func (r *room) checkAdd(tx *inventory.Tx, call *engine.Call) error {
	params := paramsOf(call)
	vm, ok := tx.VMs.Get(call.Parent)
	if !ok || params.Edit == nil {
		return fault.New(fault.Invalid, call.Verb, "Nothing to add was given.")
	}
	nic := &model.NIC{ID: model.NewID(), Interface: model.NICVirtio, Linked: true, Plugged: true}
	id := nic.ID
	if err := params.Edit(nic); err != nil {
		return err
	}
	nic.ID = id
	follow(tx, &model.NIC{}, nic)
	if nic.MAC == "" {
		free, err := r.FreeMACs(tx, call.Verb, vm.Cluster, 1)
		if err != nil {
			return err
		}
		nic.MAC = free[0]
	}
	params.Change = Change{New: nic}
	return r.check(tx, call.Verb, vm, nil, nic)
}
