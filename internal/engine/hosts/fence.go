package hosts

import (
	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// FenceType is fence_type of fence.
type FenceType string

// The types of fence. All but manual need power management.
const (
	FenceManual  FenceType = "manual"
	FenceStart   FenceType = "start"
	FenceStop    FenceType = "stop"
	FenceRestart FenceType = "restart"
	FenceStatus  FenceType = "status"
)

// FenceParams are the Params of fence.
type FenceParams struct {
	Type FenceType
}

func fenceType(call *engine.Call) FenceType {
	if params, ok := call.Params.(*FenceParams); ok && params != nil {
		return params.Type
	}
	return ""
}

// checkFence refuses what would end VMs that may still run, or needs what the host
// does not have. manual is somebody's word that the host was rebooted or is off: it
// counts only for a host that the engine has given up, and that is not connected.
func (r *room) checkFence(tx *inventory.Tx, call *engine.Call) error {
	on, _ := tx.Hosts.Get(call.Target)
	if fenceType(call) != FenceManual {
		return fault.New(fault.NoPowerManagement, call.Verb, on.Name)
	}
	_, err := r.Machines.Connected(on.ID)
	switch {
	case err == nil:
		return fault.New(fault.HostStatusWrong, call.Verb, on.Name, lifecycle.HostLabel(on.Status), "It answers, so that its VMs are known.")
	case on.Status != model.HostNonResponsive && on.Status != model.HostNonOperational:
		return fault.New(fault.HostStatusWrong, call.Verb, on.Name, lifecycle.HostLabel(on.Status),
			"That a host was rebooted can be confirmed when it is Non Responsive.")
	}
	for _, vm := range engine.RunsOn(tx, on.ID) {
		if holder, held := tx.Holder(vm.Ref()); held {
			return fault.New(fault.StateConflict, call.Verb, "A job is at work on the VM "+vm.Name+": "+holder.Description+". Try again when it has ended.")
		}
	}
	return nil
}

// confirm takes somebody's word that nothing runs on a host any more: its VMs are down,
// and can be started elsewhere (docs/decisions/fencing.md).
func (r *room) confirm(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	on, _ := tx.Hosts.Edit(call.Target)
	tell(tx, audit.HostFenced, call, on, "")
	for _, vm := range engine.RunsOn(tx, on.ID) {
		edited, _ := tx.VMs.Edit(vm.ID)
		r.WentWithHost(tx, edited, on, "Its host was rebooted, as somebody has confirmed.")
	}
	return on, nil
}
