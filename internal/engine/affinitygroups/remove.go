package affinitygroups

import (
	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// remove removes a group; its VMs stay where they are.
func (r *room) remove(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	group, _ := tx.AffinityGroups.Get(call.Target)
	tx.AffinityGroups.Delete(group.ID)
	tell(tx, audit.AffinityGroupRemoved, call, group)
	return group, nil
}
