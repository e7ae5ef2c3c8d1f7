package engine

import (
	"context"

	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// Stays says why a VM is not moved away from a host that is to go into maintenance,
// and what is to be done about it; empty when the engine moves it (api-v3 2.2,
// placement_policy).
func (e *Engine) Stays(vm *model.VM) string {
	_, can := e.commands["vm.migrate"]
	switch {
	case vm.Placement.Affinity == model.AffinityPinned:
		return "it is pinned to its host"
	case vm.Placement.Affinity == model.AffinityUserMigratable:
		return "it is migrated only when somebody asks for it"
	case vm.Run.Adopted:
		return "its guest runs as it was adopted, and can be moved when it was shut down and started anew"
	case lifecycle.Silent(vm.Run.Status):
		return "nothing is heard of it"
	case !can:
		return "this engine does not migrate VMs"
	}
	return ""
}

// Evacuate begins to migrate a VM to a host that the engine selects. The error is a
// fault: why it cannot go now.
func (e *Engine) Evacuate(ctx context.Context, vm model.ID) error {
	_, err := e.Act(ctx, &Call{On: model.KindVM, Name: "migrate", Target: vm, Async: new(true)})
	return err
}
