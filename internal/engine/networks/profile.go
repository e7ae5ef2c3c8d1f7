package networks

import (
	"slices"
	"strings"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// longestName is how long the names of profiles and pools may be, in characters.
const longestName = 255

// addProfile makes a vNIC profile of a network for VMs.
func (r *room) addProfile(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	profile, err := edited[model.VNICProfile](call, model.VNICProfile{ID: model.NewID()})
	if err != nil {
		return nil, err
	}
	if err := checkProfile(tx, call.Verb, profile); err != nil {
		return nil, err
	}
	tx.VNICProfiles.Put(profile)
	tell(tx, audit.ProfileAdded, call, nil, profile.Name)
	return profile, nil
}

// updateProfile changes name and description of a profile; its network stays.
func (r *room) updateProfile(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	old, _ := tx.VNICProfiles.Get(call.Target)
	wanted, err := edited[model.VNICProfile](call, *old)
	if err != nil {
		return nil, err
	}
	if wanted.Network != old.Network {
		return nil, fault.New(fault.ProfileNetworkFixed, call.Verb)
	}
	if err := checkProfile(tx, call.Verb, wanted); err != nil {
		return nil, err
	}
	tx.VNICProfiles.Put(wanted)
	tell(tx, audit.ProfileUpdated, call, nil, wanted.Name)
	return wanted, nil
}

// removeProfile removes a profile that no network interface names.
func (r *room) removeProfile(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	profile, _ := tx.VNICProfiles.Get(call.Target)
	names := func(nic model.NIC) bool { return nic.Profile == profile.ID }
	var users []string
	for _, vm := range tx.VMs.All() {
		if slices.ContainsFunc(vm.NICs, names) {
			users = append(users, vm.Name)
		}
	}
	for _, template := range tx.Templates.All() {
		if slices.ContainsFunc(template.NICs, names) {
			users = append(users, template.Name)
		}
	}
	if len(users) > 0 {
		return nil, fault.New(fault.ProfileInUse, call.Verb, strings.Join(users, ", "))
	}
	tx.VNICProfiles.Delete(profile.ID)
	tell(tx, audit.ProfileRemoved, call, nil, profile.Name)
	return profile, nil
}

func checkProfile(tx *inventory.Tx, verb string, profile *model.VNICProfile) error {
	if err := checkName(verb, "vNIC profile", profile.Name); err != nil {
		return err
	}
	network, ok := tx.Networks.Get(profile.Network)
	if !ok {
		return fault.Missing("Networks: id=" + string(profile.Network))
	}
	if !network.ForVMs() {
		return fault.New(fault.ProfileNeedsVMs, verb, network.Name)
	}
	for _, other := range tx.VNICProfiles.Named(profile.Name) {
		if other.ID != profile.ID && other.Network == profile.Network {
			return fault.New(fault.ProfileNameInUse, verb, profile.Name)
		}
	}
	return nil
}

func checkName(verb, what, name string) error {
	if strings.TrimSpace(name) == "" || len([]rune(name)) > longestName {
		return fault.New(fault.NameIllegal, verb, "The name of a "+what+" must have 1 to 255 characters.")
	}
	return nil
}
