package nics

import (
	"vireo/internal/engine"
	"vireo/internal/inventory"
)

// checkRemove prepares the removal; a guest that runs lets go first.
func (r *room) checkRemove(tx *inventory.Tx, call *engine.Call) error {
	_, old, err := find(tx, call)
	if err != nil {
		return err
	}
	paramsOf(call).Change = Change{Old: old}
	return nil
}
