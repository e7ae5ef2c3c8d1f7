package pools

import (
	"cmp"
	"fmt"
	"slices"

	"vireo/internal/engine"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// UpdateParams are the Params of update.
type UpdateParams struct {
	// Edit changes the pool; nil leaves it.
	Edit engine.Edit[model.VMPool] `json:"-"`
	// Size is how many VMs it is to have; nil leaves it.
	Size *int `json:"-"`

	// The rest is filled in, for the steps.
	vms.Several
	vms.RemovedVMs
}

// Durable keeps the parameters with the job.
func (*UpdateParams) Durable() {}

func updateParams(call *engine.Call) *UpdateParams {
	params, ok := call.Params.(*UpdateParams)
	if !ok || params == nil {
		params = &UpdateParams{}
		call.Params = params
	}
	return params
}

// delta is how many VMs more a pool is to have than it has.
func delta(tx *inventory.Tx, call *engine.Call) int {
	wanted := updateParams(call).Size
	if wanted == nil {
		return 0
	}
	return *wanted - len(engine.PoolVMs(tx, call.Target))
}

func grows(tx *inventory.Tx, call *engine.Call) bool {
	pool, ok := tx.VMPools.Get(call.Target)
	if !ok || delta(tx, call) <= 0 {
		return false
	}
	changed := model.Clone(pool)
	if edit := updateParams(call).Edit; edit != nil && edit(changed) != nil {
		return false
	}
	return hasDisks(tx, changed)
}

func shrinks(tx *inventory.Tx, call *engine.Call) bool { return delta(tx, call) < 0 }

// update changes a pool, its size too: VMs that are missing are made, and of those that
// are too many the last are removed that are down and free.
func (r *room) update(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	params := updateParams(call)
	before, _ := tx.VMPools.Get(call.Target)
	changed := model.Clone(before)
	if params.Edit != nil {
		if err := params.Edit(changed); err != nil {
			return nil, err
		}
	}
	members, more := engine.PoolVMs(tx, before.ID), delta(tx, call)
	if err := r.check(tx, call.Verb, changed, len(members)+more); err != nil {
		return nil, err
	}
	if err := checkChange(tx, call.Verb, before, changed, members); err != nil {
		return nil, err
	}
	pool, _ := tx.VMPools.Edit(before.ID)
	*pool = *changed
	switch {
	case more > 0:
		made, err := r.makeVMs(tx, call, pool, more)
		if err != nil {
			return nil, err
		}
		params.Several = *made
	case more < 0:
		if err := r.shrink(tx, call, members, -more); err != nil {
			return nil, err
		}
	}
	return pool, nil
}

// checkChange refuses to change what VMs depend on that there are.
func checkChange(tx *inventory.Tx, verb string, before, changed *model.VMPool, members []*model.VM) error {
	if changed.ID != before.ID || changed.Cluster != before.Cluster || changed.Template != before.Template {
		return &fault.Fault{
			Kind: fault.Conflict, Code: "IMMUTABLE", Reason: "Broken immutability constraint",
			Messages: []string{"Attempt to set immutable field: id, cluster or template of a VM-Pool"},
		}
	}
	if changed.Type == before.Type && changed.Stateful == before.Stateful {
		return nil
	}
	holders := engine.HoldersOf(tx)
	for _, vm := range members {
		if !idle(tx, holders, vm) {
			return fault.New(fault.StateConflict, verb, fmt.Sprintf("The VM %s is in use; whether a VM-Pool is automatic, and whether it is stateful, can be changed while all its VMs are down and no user has one.", vm.Name))
		}
	}
	return nil
}

// idle says whether a VM is down, nobody has it, and no job is at work on it.
func idle(tx *inventory.Tx, holders engine.Holders, vm *model.VM) bool {
	_, busy := tx.Holder(vm.Ref())
	return vm.Run.Status == model.StatusDown && !busy && holders.Free(vm)
}

// byNumber orders VMs as they were numbered.
func byNumber(a, b *model.VM) int {
	return cmp.Or(cmp.Compare(len(a.Name), len(b.Name)), cmp.Compare(a.Name, b.Name))
}

func (r *room) shrink(tx *inventory.Tx, call *engine.Call, members []*model.VM, fewer int) error {
	holders := engine.HoldersOf(tx)
	spare := slices.DeleteFunc(slices.Clone(members), func(vm *model.VM) bool { return !idle(tx, holders, vm) })
	if len(spare) < fewer {
		return fault.New(fault.PoolShrink, call.Verb, fmt.Sprint(len(spare)))
	}
	slices.SortFunc(spare, func(a, b *model.VM) int { return byNumber(b, a) })
	removed, err := r.take(tx, call, spare[:fewer])
	if err != nil {
		return err
	}
	updateParams(call).RemovedVMs = *removed
	return nil
}

func ofUpdate(w *job.Work) (*removal, error) {
	var params UpdateParams
	err := w.Params(&params)
	return &removal{RemovedVMs: params.RemovedVMs}, err
}
