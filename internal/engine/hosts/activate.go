package hosts

import (
	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// activate takes a host into use again. It is up when the watcher has reached it; one
// that was on its way into maintenance is up again at once.
func (r *room) activate(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	on, _ := tx.Hosts.Edit(call.Target)
	was := on.Status
	if was == model.HostUp {
		return nil, fault.New(fault.HostIsUp, call.Verb, on.Name)
	}
	if !engine.MoveHost(on, lifecycle.HostActivated, "") {
		return nil, fault.New(fault.HostStatusWrong, call.Verb, on.Name, lifecycle.HostLabel(was), "The engine is trying to reach it already.")
	}
	tell(tx, audit.HostActivated, call, on, "")
	return on, nil
}

// DeactivateParams are the Params of deactivate.
type DeactivateParams struct {
	// Reason is what people give as one.
	Reason string
}

// maxReason is how long a reason may be, in bytes.
const maxReason = 1000

// deactivate gives a host no more work. It is in maintenance when no VM runs there: at
// once, or when the watcher has seen the last one go. One that is not heard may have
// VMs that nobody sees: that they are gone must be said first.
func (r *room) deactivate(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	on, _ := tx.Hosts.Edit(call.Target)
	was, running := on.Status, engine.RunsOn(tx, call.Target)
	reason := ""
	if params, ok := call.Params.(*DeactivateParams); ok && params != nil {
		reason = params.Reason
	}
	_, err := r.Machines.Connected(on.ID)
	switch {
	case was == model.HostMaintenance || was == model.HostPreparingForMaintenance:
		return nil, fault.New(fault.HostInMaintenance, call.Verb, on.Name)
	case len(reason) > maxReason || !readable(reason):
		return nil, fault.New(fault.Invalid, call.Verb, "The reason is too long, or has control characters.")
	case err != nil && len(running) > 0:
		return nil, fault.New(fault.HostLostWithVMs, call.Verb, on.Name, list(running))
	case !engine.MoveHost(on, lifecycle.HostDeactivated, ""):
		return nil, fault.New(fault.HostStatusWrong, call.Verb, on.Name, lifecycle.HostLabel(was), "Try again when that has ended.")
	}
	if reason != "" {
		reason = "Reason: " + reason
	}
	tell(tx, audit.HostDeactivated, call, on, reason)
	if len(running) == 0 && engine.MoveHost(on, lifecycle.HostEmptied, "") {
		tell(tx, audit.HostInMaintenance, call, on, "")
	}
	return on, nil
}
