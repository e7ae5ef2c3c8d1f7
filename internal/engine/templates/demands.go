package templates

import (
	"vireo/internal/engine"
	"vireo/internal/engine/vms"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// editAdmin is for those who may set what administrators set: a kernel that is a file
// of the host.
const editAdmin = "edit_admin_template_properties"

// demandsOfAdd: to make templates in the data center, to change the VM, since whoever
// copies it could as well read all that it holds, and to fill the storage domains.
func (r *room) demandsOfAdd(tx *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	onVM := model.Ref{Kind: model.KindVM, ID: call.Parent}
	create := engine.Demand{Permit: "create_template"}
	vm, ok := tx.VMs.Get(call.Parent)
	if ok {
		create.On = model.Ref{Kind: model.KindCluster, ID: vm.Cluster}
	}
	demands := []engine.Demand{create, {Permit: "edit_vm_properties", On: onVM}}
	if addParams(call).ClonePermissions {
		demands = append(demands, engine.Demand{Permit: "manipulate_permissions", On: onVM})
	}
	made, err := r.wanted(tx, call)
	if err != nil || !ok {
		return demands, nil // it is refused anyway
	}
	demands[0].On.ID = made.template.Cluster
	if vms.NamesHostFile(vm.OS, made.template.OS) {
		demands = append(demands, engine.Demand{Permit: editAdmin, On: create.On})
	}
	for _, disk := range made.disks {
		demands = append(demands, engine.Demand{Permit: "create_disk", On: model.Ref{Kind: model.KindStorageDomain, ID: disk.StorageDomain}})
	}
	return demands, nil
}

func demandsOfUpdate(tx *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	on := model.Ref{Kind: model.KindTemplate, ID: call.Target}
	demands := []engine.Demand{{Permit: "edit_template_properties", On: on}}
	edit, ok := call.Params.(engine.Edit[model.Template])
	template, exists := tx.Templates.Get(call.Target)
	if !ok || edit == nil || !exists {
		return demands, nil
	}
	changed := model.Clone(template)
	if edit(changed) == nil && vms.NamesHostFile(template.OS, changed.OS) {
		demands = append(demands, engine.Demand{Permit: editAdmin, On: on})
	}
	return demands, nil
}
