package vms

import (
	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// detachable are the statuses in which a VM can be taken out of its pool (api-v3 4.3).
var detachable = []model.Status{
	model.StatusDown, model.StatusSuspended, model.StatusImageLocked, model.StatusImageIllegal, model.StatusNotResponding,
}

// demandsOfDetach: the permit counts on the pool.
func demandsOfDetach(tx *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	on := model.Ref{Kind: model.KindVMPool}
	if vm, ok := tx.VMs.Get(call.Target); ok {
		on.ID = vm.Pool
	}
	return []engine.Demand{{Permit: "edit_vm_pool_configuration", On: on}}, nil
}

// checkPooled: on no pool at all nobody has a permit (api-v3 3.9).
func checkPooled(tx *inventory.Tx, call *engine.Call) error {
	if vm, ok := tx.VMs.Get(call.Target); !ok || vm.Pool == "" {
		return fault.New(fault.NotAuthorized)
	}
	return nil
}

func refuseDetach(string, model.Status) *fault.Fault {
	return fault.New(fault.PoolVMRunning, "detach VM from")
}

// detach takes a VM out of its pool. It keeps its disks, with what the user has written
// who has it, and its permissions (api-v3 3.9).
func (r *room) detach(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	vm, _ := tx.VMs.Edit(call.Target)
	happened := about(call, vm)
	happened.Pool, _ = tx.VMPools.Get(vm.Pool)
	r.Reclaim(tx, vm.ID)
	keeps := engine.Keeps(tx, vm)
	vm.Pool = ""
	switch {
	case lifecycle.HasGuest(vm.Run.Status):
		vm.Run.Kept = keeps // for the end of the run
	case keeps:
		r.Settle(tx, vm)
	}
	tx.Event(audit.New(audit.PoolVMDetached, happened))
	return vm, nil
}
