package hosts

import (
	"slices"
	"strings"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// lost are the statuses in which a host can be removed with force only: it is wanted,
// and cannot be used.
var lost = []model.HostStatus{
	model.HostNonResponsive, model.HostNonOperational, model.HostError, model.HostConnecting, model.HostUnassigned, model.HostInstalling,
}

// remove forgets a host. One that may run VMs stays, with force too: they would be
// unknown for ever.
func (r *room) remove(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	on, _ := tx.Hosts.Get(call.Target)
	if running := engine.RunsOn(tx, on.ID); len(running) > 0 {
		return nil, fault.New(fault.HostHasVMs, call.Verb, on.Name, list(running))
	}
	if on.Barred != nil && !on.MayReturn() {
		return nil, barred(call, on)
	}
	removable := slices.Contains(unused, on.Status) || forced(call) && slices.Contains(lost, on.Status)
	if !removable {
		return nil, fault.New(fault.HostStatusWrong, call.Verb, on.Name, lifecycle.HostLabel(on.Status), "Switch it to maintenance first.")
	}
	if pinned := pinnedTo(tx, on.ID); len(pinned) > 0 {
		return nil, fault.New(fault.HostHasPinned, call.Verb, on.Name, list(pinned))
	}
	for _, attachment := range tx.Attachments.All() {
		if attachment.Host == on.ID {
			tx.Attachments.Delete(attachment.ID)
		}
	}
	tx.Hosts.Delete(on.ID)
	tell(tx, audit.HostRemoved, call, on, "")
	return on, nil
}

// pinnedTo are the VMs that may run on no other host.
func pinnedTo(tx *inventory.Tx, on model.ID) []*model.VM {
	var found []*model.VM
	for _, vm := range tx.VMs.All() {
		hosts := vm.Placement.Hosts
		if vm.Placement.Affinity != model.AffinityMigratable && len(hosts) == 1 && hosts[0] == on {
			found = append(found, vm)
		}
	}
	return found
}

// list names VMs for a message, a few of many.
func list(vms []*model.VM) string {
	const most = 10
	var words []string
	for i, vm := range vms {
		if i == most {
			words = append(words, "…")
			break
		}
		words = append(words, vm.Name)
	}
	return strings.Join(words, ", ")
}
