package engine

import (
	"time"

	"vireo/internal/audit"
	"vireo/internal/inventory"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// MoveHost gives a host the status that a cause makes of its present one
// (lifecycle.HostMove), with a sentence that says why it is not up, and says whether
// the status has changed. on is being edited.
func MoveHost(on *model.Host, cause lifecycle.HostCause, detail string) bool {
	to, moves := lifecycle.HostMove(on.Status, cause)
	on.StatusDetail = detail
	if !moves || to == on.Status {
		return false
	}
	on.Status, on.Since = to, time.Now().UTC()
	return true
}

// RunsOn are the VMs that are recorded to have, or perhaps have, a guest on a host, or
// that are on their way there.
func RunsOn(tx *inventory.Tx, on model.ID) []*model.VM {
	var found []*model.VM
	for _, vm := range tx.VMs.All() {
		comes := vm.Run.Migration != nil && vm.Run.Migration.To == on
		if comes || vm.Run.Host == on && runs(vm) {
			found = append(found, vm)
		}
	}
	return found
}

// runs says whether a VM has, or perhaps has, a guest.
func runs(vm *model.VM) bool { return !lifecycle.Resting(vm.Run.Status) }

// WentWithHost closes the run of a VM whose host has lost all its guests, with event
// 143. That it has is to be known by proof: docs/decisions/fencing.md.
func (e *Engine) WentWithHost(tx *inventory.Tx, vm *model.VM, on *model.Host, why string) {
	tx.Event(audit.New(audit.HostRebooted, audit.About{VM: vm, Host: on}))
	e.Down(tx, vm, lifecycle.CauseHostLost, why, audit.About{})
}
