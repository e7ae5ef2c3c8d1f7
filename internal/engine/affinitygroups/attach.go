package affinitygroups

import (
	"slices"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// attach takes a VM into a group; one that is in it stays.
func (r *room) attach(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	params, ok := call.Params.(*Member)
	if !ok {
		return nil, missing(call)
	}
	group, _ := tx.AffinityGroups.Get(call.Target)
	if slices.Contains(group.VMs, params.VM) {
		return group, nil
	}
	wanted := model.Clone(group)
	wanted.VMs = append(wanted.VMs, params.VM)
	return r.put(tx, call, wanted)
}

// detach takes a VM out of a group.
func (r *room) detach(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	params, ok := call.Params.(*Member)
	if !ok {
		return nil, missing(call)
	}
	group, _ := tx.AffinityGroups.Get(call.Target)
	if !slices.Contains(group.VMs, params.VM) {
		return nil, fault.Missing(string(params.VM))
	}
	wanted := model.Clone(group)
	wanted.VMs = slices.DeleteFunc(wanted.VMs, func(id model.ID) bool { return id == params.VM })
	return r.put(tx, call, wanted)
}
