package vms

import (
	"slices"
	"strings"

	"vireo/internal/engine"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// A kernel or initrd that is no file of the ISO domain is one of the host's, and
// the guest can read it: for secrets of the host and of this engine too. Such a
// path is for those who may set what administrators set.

const editAdmin = "edit_admin_vm_properties"

// namesHostFile says whether a boot configuration names a file of the host that the
// one before does not name.
func namesHostFile(before, now model.OS) bool {
	return isHostFile(now.Kernel) && now.Kernel != before.Kernel || isHostFile(now.Initrd) && now.Initrd != before.Initrd
}

func isHostFile(path string) bool { return path != "" && !strings.HasPrefix(path, isoScheme) }

// demandsOfStart: other custom properties, and a host that the VM is not pinned
// to, are for those who may set them for good (api-v3 3.2).
func (r *room) demandsOfStart(tx *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	on := model.Ref{Kind: model.KindVM, ID: call.Target}
	demands := []engine.Demand{{Permit: "run_vm", On: on}}
	once := startParams(call).Once
	vm, ok := tx.VMs.Get(call.Target)
	if once == nil || !ok {
		return demands, nil
	}
	if once.CustomProperties != nil {
		demands = append(demands, engine.Demand{Permit: "change_vm_custom_properties", On: on})
	}
	elsewhere := once.Host != "" && !slices.Contains(vm.Placement.Hosts, once.Host)
	if elsewhere || namesHostFile(vm.OS, under(vm, once).OS) {
		demands = append(demands, engine.Demand{Permit: editAdmin, On: on})
	}
	return demands, nil
}

// demandsOfAdd, and those below: what the command refuses anyway is not looked at.
// Permits count on everything that is used: the cluster, the template, the storage
// domains that are filled.
func (r *room) demandsOfAdd(tx *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	params := addParams(call)
	asked := &model.VM{}
	if params.Edit != nil && params.Edit(asked) != nil {
		asked = &model.VM{}
	}
	demands := []engine.Demand{{Permit: "create_vm", On: model.Ref{Kind: model.KindCluster, ID: asked.Cluster}}}
	demands = append(demands, demandsOfSource(tx, params.Snapshot)...)
	if params.Snapshot == "" && asked.Template != "" && asked.Template != model.BlankID { // Blank is everybody's
		demands = append(demands, engine.Demand{Permit: "create_vm", On: model.Ref{Kind: model.KindTemplate, ID: asked.Template}})
		if params.ClonePermissions {
			demands = append(demands, engine.Demand{Permit: "manipulate_permissions", On: model.Ref{Kind: model.KindTemplate, ID: asked.Template}})
		}
	}
	if namesHostFile(model.OS{}, asked.OS) {
		demands = append(demands, engine.Demand{Permit: editAdmin, On: model.Ref{Kind: model.KindCluster, ID: asked.Cluster}})
	}
	made, err := r.wanted(tx, call)
	if err == nil {
		demands = append(demands, fills(made.disks)...)
	}
	return append(demands, ofLease("", asked.Lease)...), nil
}

// ofLease is the demand on the storage domain that a lease is made in.
func ofLease(before, now model.ID) []engine.Demand {
	if now == "" || now == before {
		return nil
	}
	return []engine.Demand{{Permit: "create_disk", On: model.Ref{Kind: model.KindStorageDomain, ID: now}}}
}

// demandsOfClone: whoever copies a VM could as well read all that it holds.
func (r *room) demandsOfClone(tx *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	demands := []engine.Demand{{Permit: "edit_vm_properties", On: model.Ref{Kind: model.KindVM, ID: call.Target}}}
	vm, ok := tx.VMs.Get(call.Target)
	if !ok {
		return demands, nil
	}
	demands = append(demands, engine.Demand{Permit: "create_vm", On: model.Ref{Kind: model.KindCluster, ID: vm.Cluster}})
	if made, err := r.cloned(tx, call); err == nil {
		demands = append(demands, fills(made.disks)...)
	}
	return demands, nil
}

// fills are the demands on the storage domains that disks are made in.
func fills(disks []*model.Disk) []engine.Demand {
	var demands []engine.Demand
	for _, disk := range disks {
		demands = append(demands, engine.Demand{Permit: "create_disk", On: model.Ref{Kind: model.KindStorageDomain, ID: disk.StorageDomain}})
	}
	return demands
}

func demandsOfUpdate(tx *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	on := model.Ref{Kind: model.KindVM, ID: call.Target}
	demands := []engine.Demand{{Permit: "edit_vm_properties", On: on}}
	params, ok := call.Params.(*UpdateParams)
	vm, exists := tx.VMs.Get(call.Target)
	if !ok || params.Edit == nil || !exists {
		return demands, nil
	}
	base := editable(vm)
	changed := model.Clone(base)
	if params.Edit(changed) != nil {
		return demands, nil
	}
	if namesHostFile(base.OS, changed.OS) {
		demands = append(demands, engine.Demand{Permit: editAdmin, On: on})
	}
	return append(demands, ofLease(vm.Lease, changed.Lease)...), nil
}
