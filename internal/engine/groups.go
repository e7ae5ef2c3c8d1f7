package engine

import (
	"slices"

	"vireo/internal/inventory"
	"vireo/internal/model"
)

// LeaveGroups takes a VM that is removed, or leaves its cluster, out of the affinity
// groups of which it is a member.
func LeaveGroups(tx *inventory.Tx, vm *model.VM) {
	for _, group := range tx.AffinityGroups.All() {
		if !slices.Contains(group.VMs, vm.ID) {
			continue
		}
		edited, _ := tx.AffinityGroups.Edit(group.ID)
		edited.VMs = slices.DeleteFunc(edited.VMs, func(id model.ID) bool { return id == vm.ID })
	}
}
