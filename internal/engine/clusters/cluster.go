package clusters

import (
	"fmt"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// add makes a cluster, with the management network of its data center.
func (r *room) add(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	cluster, err := edited(call, model.Cluster{
		Version: level, Architecture: model.ArchitectureX8664, OvercommitPercent: 100, OnError: "migrate",
	})
	if err != nil {
		return nil, err
	}
	cluster.ID = model.NewID()
	if _, known := tx.DataCenters.Get(cluster.DataCenter); !known {
		return nil, fault.New(fault.Invalid, call.Verb, "The data center does not exist.")
	}
	if err := checkLevel(call.Verb, cluster.Version); err != nil {
		return nil, err
	}
	if err := check(tx, call.Verb, cluster); err != nil {
		return nil, err
	}
	tx.Clusters.Put(cluster)
	for _, network := range tx.Networks.All() {
		if network.DataCenter == cluster.DataCenter && network.Management() {
			edited, _ := tx.Networks.Edit(network.ID)
			edited.Clusters = append(edited.Clusters, model.ClusterNetwork{Cluster: cluster.ID, Required: true})
		}
	}
	tell(tx, audit.ClusterAdded, call, cluster.Name)
	return cluster, nil
}

// remove forgets a cluster that nothing belongs to.
func (r *room) remove(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	cluster, _ := tx.Clusters.Get(call.Target)
	holds := func(what, name string) error {
		return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf("The %s %s belongs to it.", what, name))
	}
	for _, on := range tx.Hosts.All() {
		if on.Cluster == cluster.ID {
			return nil, holds("host", on.Name)
		}
	}
	for _, vm := range tx.VMs.All() {
		if vm.Cluster == cluster.ID {
			return nil, holds("VM", vm.Name)
		}
	}
	for _, template := range tx.Templates.All() {
		if template.Cluster == cluster.ID {
			return nil, holds("template", template.Name)
		}
	}
	for _, pool := range tx.VMPools.All() {
		if pool.Cluster == cluster.ID {
			return nil, holds("VM pool", pool.Name)
		}
	}
	for _, network := range tx.Networks.All() {
		if _, has := network.In(cluster.ID); has {
			edited, _ := tx.Networks.Edit(network.ID)
			kept := edited.Clusters[:0]
			for _, each := range edited.Clusters {
				if each.Cluster != cluster.ID {
					kept = append(kept, each)
				}
			}
			edited.Clusters = kept
		}
	}
	tx.Clusters.Delete(cluster.ID)
	tell(tx, audit.ClusterRemoved, call, cluster.Name)
	return cluster, nil
}
