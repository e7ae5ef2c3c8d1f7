package pools

import (
	"fmt"
	"slices"

	"vireo/internal/audit"
	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// ready are the statuses of VMs that run and can be given to somebody, the best first.
var ready = []model.Status{model.StatusUp, model.StatusPoweringUp}

// allocate gives the caller a VM of the pool that is free: one that runs already, or one
// that is started now. It is the caller's when this transaction is written, so that two
// who come for the last one are told apart.
func (r *room) allocate(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	if call.Caller == nil {
		return nil, fault.New(fault.Invalid, call.Verb, "There is nobody to give a VM to.")
	}
	pool, _ := tx.VMPools.Get(call.Target)
	members, holders := engine.PoolVMs(tx, pool.ID), engine.HoldersOf(tx)
	has := 0
	for _, vm := range members {
		if slices.Contains(holders[vm.ID], call.Caller.User) {
			has++
		}
	}
	if has >= pool.MaxUserVMs {
		return nil, fault.New(fault.PoolUserLimit, call.Verb, fmt.Sprint(pool.MaxUserVMs))
	}
	chosen := choose(tx, members, holders)
	if chosen == nil {
		return nil, fault.New(fault.NoFreePoolVMs, call.Verb)
	}
	r.Reclaim(tx, chosen.ID) // before it is somebody's again
	tx.Permissions.Put(&model.Permission{ID: model.NewID(), Role: auth.UserRole, User: call.Caller.User, Object: chosen.Ref()})
	about := engine.AboutCaller(call)
	about.VM, about.Pool = chosen, pool
	tx.Event(audit.New(audit.PoolVMGiven, about))
	if chosen.Run.Status == model.StatusDown {
		if err := r.Alongside(tx, call, &engine.Call{On: model.KindVM, Name: "start", Target: chosen.ID}); err != nil {
			return nil, err
		}
	}
	vm, _ := tx.VMs.Edit(chosen.ID)
	engine.Use(tx, vm)
	return vm, nil
}

// choose finds the VM of a pool that is given next; nil if there is none.
func choose(tx *inventory.Tx, members []*model.VM, holders engine.Holders) *model.VM {
	members = slices.Clone(members)
	slices.SortFunc(members, byNumber)
	for _, status := range ready {
		for _, vm := range members {
			// What somebody has used is not for others before it is down.
			if vm.Run.Status == status && holders.Free(vm) && len(vm.Run.Users) == 0 {
				return vm
			}
		}
	}
	for _, vm := range members {
		if idle(tx, holders, vm) {
			return vm
		}
	}
	return nil
}
