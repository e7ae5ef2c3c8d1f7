package server

import (
	"context"

	"vireo/internal/engine"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// managementProfile is the id of the management network's profile on a fresh engine
// (api-v4 appendix).
const managementProfile model.ID = "0000000a-000a-000a-000a-000000000398"

// putNetworks makes the default MAC pool, and for each network the profile that network
// interfaces are connected by, if the state is new or from before there were any. The
// pool is what tells: it cannot be removed.
func putNetworks(ctx context.Context, inv *inventory.Inventory) error {
	if _, there := inv.MACPools.Get(model.DefaultMACPool); there {
		return nil
	}
	return inv.Update(ctx, func(tx *inventory.Tx) error {
		tx.MACPools.Put(&model.MACPool{ID: model.DefaultMACPool, Name: "Default", Description: "Default MAC pool"})
		profiles := map[model.ID]model.ID{}
		for _, network := range tx.Networks.All() {
			if !network.ForVMs() {
				continue
			}
			profile := &model.VNICProfile{ID: model.NewID(), Name: network.Name, Network: network.ID}
			if network.ID == ManagementNetwork {
				profile.ID = managementProfile
			}
			engine.PutPublicProfile(tx, profile)
			profiles[network.ID] = profile.ID
			edited, _ := tx.Networks.Edit(network.ID)
			for _, cluster := range tx.Clusters.All() {
				if _, has := network.In(cluster.ID); !has && cluster.DataCenter == network.DataCenter {
					edited.Clusters = append(edited.Clusters, model.ClusterNetwork{Cluster: cluster.ID})
				}
			}
		}
		for _, vm := range tx.VMs.All() {
			if edited, ok := tx.VMs.Edit(vm.ID); ok {
				connect(edited.NICs, profiles)
				if edited.NextRun != nil {
					connect(edited.NextRun.NICs, profiles)
				}
			}
		}
		for _, template := range tx.Templates.All() {
			if edited, ok := tx.Templates.Edit(template.ID); ok {
				connect(edited.NICs, profiles)
			}
		}
		return nil
	})
}

func connect(nics []model.NIC, profiles map[model.ID]model.ID) {
	for i := range nics {
		if nics[i].Profile == "" {
			nics[i].Profile = profiles[nics[i].Network]
		}
	}
}
