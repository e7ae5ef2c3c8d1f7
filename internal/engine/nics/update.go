package nics

import (
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// find finds the network interface of a call.
func find(tx *inventory.Tx, call *engine.Call) (*model.VM, *model.NIC, error) {
	vm, ok := tx.VMs.Get(call.Parent)
	if !ok {
		return nil, nil, fault.New(fault.VMNotFound, call.Verb+" of")
	}
	for _, nic := range vm.NICs {
		if nic.ID == call.Target {
			return vm, &nic, nil
		}
	}
	return nil, nil, fault.Missing(string(call.Target))
}

// checkUpdate prepares the change that Params.Edit makes. Network, link, name
// and plug change while the VM runs, model and address only while unplugged.
func (r *room) checkUpdate(tx *inventory.Tx, call *engine.Call) error {
	params := paramsOf(call)
	vm, old, err := find(tx, call)
	if err != nil {
		return err
	}
	if params.Edit == nil {
		return fault.New(fault.Invalid, call.Verb, "Nothing to change was given.")
	}
	wanted := *old
	if err := params.Edit(&wanted); err != nil {
		return err
	}
	if wanted.ID != old.ID {
		return &fault.Fault{
			Kind: fault.Conflict, Code: "IMMUTABLE", Reason: "Broken immutability constraint",
			Messages: []string{"Attempt to set immutable field: id"},
		}
	}
	follow(tx, old, &wanted)
	params.Change = Change{Old: old, New: &wanted}
	return r.check(tx, call.Verb, vm, old, &wanted)
}

// follow makes network and profile fit where only one of them was asked for.
func follow(tx *inventory.Tx, old, wanted *model.NIC) {
	profile, ok := tx.VNICProfiles.Get(wanted.Profile)
	switch {
	case wanted.Network != old.Network && wanted.Profile == old.Profile:
		wanted.Profile = "" // it belongs to the network before
	case wanted.Network == old.Network && wanted.Profile != old.Profile && ok:
		wanted.Network = profile.Network
	}
}
