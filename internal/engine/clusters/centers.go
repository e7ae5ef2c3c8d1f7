package clusters

import (
	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// managementName is what the network is called that every data center begins with.
const managementName = "ovirtmgmt"

// addCenter makes a data center, with its management network.
func (r *room) addCenter(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	center, err := edited(call, model.DataCenter{Version: level})
	if err != nil {
		return nil, err
	}
	center.ID = model.NewID()
	if err := checkTexts(call.Verb, "data center", center.Name, center.Description, center.Comment); err != nil {
		return nil, err
	}
	if len(tx.DataCenters.Named(center.Name)) > 0 {
		return nil, fault.New(fault.NameInUse, call.Verb, "data center", center.Name)
	}
	if err := checkLevel(call.Verb, center.Version); err != nil {
		return nil, err
	}
	if _, known := tx.MACPools.Get(center.MACPool); !known && center.MACPool != "" {
		return nil, fault.Missing("MacPool: id=" + string(center.MACPool))
	}
	tx.DataCenters.Put(center)
	network := &model.Network{
		ID: model.NewID(), Name: managementName, Description: "Management Network", DataCenter: center.ID,
		Usages: []string{model.UsageManagement, model.UsageDisplay, model.UsageMigration, model.UsageVM},
	}
	tx.Networks.Put(network)
	engine.PutPublicProfile(tx, &model.VNICProfile{ID: model.NewID(), Name: network.Name, Network: network.ID})
	tell(tx, audit.DataCenterAdded, call, center.Name)
	return center, nil
}

// removeCenter forgets a data center that has no clusters and no storage any more, with
// its networks.
func (r *room) removeCenter(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	center, _ := tx.DataCenters.Get(call.Target)
	for _, domain := range tx.StorageDomains.All() {
		if domain.DataCenter == center.ID {
			return nil, fault.New(fault.StateConflict, call.Verb, "The storage domain "+domain.Name+" is attached to it.")
		}
	}
	for _, cluster := range tx.Clusters.All() {
		if cluster.DataCenter == center.ID {
			return nil, fault.New(fault.StateConflict, call.Verb, "The cluster "+cluster.Name+" belongs to it.")
		}
	}
	for _, network := range tx.Networks.All() {
		if network.DataCenter != center.ID {
			continue
		}
		for _, profile := range tx.VNICProfiles.All() {
			if profile.Network == network.ID {
				tx.VNICProfiles.Delete(profile.ID)
			}
		}
		tx.Networks.Delete(network.ID)
	}
	tx.DataCenters.Delete(center.ID)
	tell(tx, audit.DataCenterRemoved, call, center.Name)
	return center, nil
}
