package engine

import (
	"vireo/internal/auth"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// DefaultProfile is the vNIC profile of a network by which a network interface is
// connected that names none: that which is called like the network, else the first by
// name; empty if it has none.
func DefaultProfile(tx *inventory.Tx, network model.ID) model.ID {
	of, ok := tx.Networks.Get(network)
	if !ok {
		return ""
	}
	var first model.ID
	for _, profile := range tx.VNICProfiles.All() {
		switch {
		case profile.Network != network:
		case profile.Name == of.Name:
			return profile.ID
		case first == "":
			first = profile.ID
		}
	}
	return first
}

// PutPublicProfile records the profile that a network is made with, by which everybody
// may connect the VMs that they may connect to networks at all (api-v3 appendix C).
func PutPublicProfile(tx *inventory.Tx, profile *model.VNICProfile) {
	tx.VNICProfiles.Put(profile)
	tx.Permissions.Put(&model.Permission{
		ID: model.NewID(), Role: auth.VNICProfileUser, Group: auth.Everyone, Object: profile.Ref(),
	})
}
