package nics

import (
	"vireo/internal/engine"
	"vireo/internal/inventory"
)

// checkActivate and checkDeactivate prepare plugging and unplugging. A network
// interface that is so already is left so.
func (r *room) checkActivate(tx *inventory.Tx, call *engine.Call) error {
	return r.checkSwitch(tx, call, true)
}

func (r *room) checkDeactivate(tx *inventory.Tx, call *engine.Call) error {
	return r.checkSwitch(tx, call, false)
}

func (r *room) checkSwitch(tx *inventory.Tx, call *engine.Call, plugged bool) error {
	vm, old, err := find(tx, call)
	if err != nil {
		return err
	}
	wanted := *old
	wanted.Plugged = plugged
	paramsOf(call).Change = Change{Old: old, New: &wanted}
	return r.check(tx, call.Verb, vm, old, &wanted)
}
