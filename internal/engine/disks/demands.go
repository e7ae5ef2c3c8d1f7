package disks

import (
	"vireo/internal/engine"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// Permits are asked for on everything that a command uses: on the storage
// domain that is filled, on the disk that is taken, and on the VM that gets it.

func onVM(call *engine.Call, demands []engine.Demand) []engine.Demand {
	if call.Parent == "" {
		return demands
	}
	return append(demands, engine.Demand{Permit: "configure_vm_storage", On: model.Ref{Kind: model.KindVM, ID: call.Parent}})
}

func (r *room) demandsOfAdd(tx *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	create := engine.Demand{Permit: "create_disk"}
	wanted, err := r.wanted(tx, call)
	switch {
	case err == nil:
		create.On = model.Ref{Kind: model.KindStorageDomain, ID: wanted.disk.StorageDomain}
	case !isFault(err):
		return nil, err
	}
	// What is refused anyway is refused to those who may add disks anywhere.
	return onVM(call, []engine.Demand{create}), nil
}

func demandsOfAttach(_ *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	return onVM(call, []engine.Demand{{Permit: "attach_disk", On: model.Ref{Kind: model.KindDisk, ID: call.Target}}}), nil
}

// demandsOfUpdate: who may configure the storage of the VM may change its disks.
func demandsOfUpdate(_ *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	if call.Parent != "" {
		return onVM(call, nil), nil
	}
	return []engine.Demand{{Permit: "edit_disk_properties", On: model.Ref{Kind: model.KindDisk, ID: call.Target}}}, nil
}

// demandsOfRemove: the permit counts on the disk; for a disk of a VM it counts on
// the VM, and on all others that share the disk.
func demandsOfRemove(tx *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	if call.Parent == "" {
		return []engine.Demand{{Permit: "delete_disk", On: model.Ref{Kind: model.KindDisk, ID: call.Target}}}, nil
	}
	demands := []engine.Demand{{Permit: "delete_disk", On: model.Ref{Kind: model.KindVM, ID: call.Parent}}}
	for _, vm := range users(tx, call.Target) {
		demands = append(demands, engine.Demand{Permit: "delete_disk", On: vm.Ref()})
	}
	return demands, nil
}
