package vms

import (
	"vireo/internal/engine"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// demandsOfAdopt: whoever adopts works on the host, and makes a VM in its cluster. What
// the VM is to have is asked for as when it were made: its disks in their storage
// domains, its connections by their vNIC profiles, and files of the host that it starts
// from. To find that out the host is asked, which is not for everybody.
func (r *room) demandsOfAdopt(tx *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	demands := []engine.Demand{{Permit: "manipulate_host", On: model.Ref{Kind: model.KindHost, ID: call.Target}}}
	on, ok := tx.Hosts.Get(call.Target)
	if ok {
		demands = append(demands, engine.Demand{Permit: "create_vm", On: model.Ref{Kind: model.KindCluster, ID: on.Cluster}})
	}
	for _, demand := range demands {
		if !r.Permits(call.Caller, demand.Permit, demand.On) {
			return demands, nil
		}
	}
	params, _ := call.Params.(*AdoptParams)
	if !ok || params == nil || params.Guest == "" {
		return demands, nil
	}
	if err := r.plan(tx, call, on, params); err != nil {
		if engine.IsOutside(err) {
			return nil, err
		}
		return demands, nil // it says so itself, to those who may adopt
	}
	demands = append(demands, fills(params.Disks)...)
	for _, nic := range params.VM.NICs {
		if nic.Profile != "" {
			demands = append(demands, engine.Demand{Permit: "configure_vm_network", On: model.Ref{Kind: model.KindVNICProfile, ID: nic.Profile}})
		}
	}
	if namesHostFile(model.OS{}, params.VM.OS) {
		demands = append(demands, engine.Demand{Permit: editAdmin, On: model.Ref{Kind: model.KindCluster, ID: on.Cluster}})
	}
	return demands, nil
}
