package nics

import (
	"vireo/internal/engine"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// demandsOfProfile are those of a change: the permit on the VM, and on the profile by
// which it is connected from then on, if that is another. What cannot be is left to the
// checks that follow.
func demandsOfProfile(tx *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	demands := []engine.Demand{{Permit: configure, On: model.Ref{Kind: model.KindVM, ID: call.Parent}}}
	old := &model.NIC{}
	if _, found, err := find(tx, call); err == nil {
		old = found
	}
	edit := paramsOf(call).Edit
	if edit == nil {
		return demands, nil
	}
	wanted := *old
	if err := edit(&wanted); err != nil {
		return demands, nil //nolint:nilerr // the check says so, to those who may know
	}
	follow(tx, old, &wanted)
	if wanted.Network != "" && wanted.Profile == "" {
		wanted.Profile = engine.DefaultProfile(tx, wanted.Network)
	}
	if wanted.Profile != "" && wanted.Profile != old.Profile {
		demands = append(demands, engine.Demand{Permit: configure, On: model.Ref{Kind: model.KindVNICProfile, ID: wanted.Profile}})
	}
	return demands, nil
}
