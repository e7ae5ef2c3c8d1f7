package networks

import (
	"fmt"
	"slices"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// attach gives a network to a cluster of its data center. It is required there unless
// the edit says otherwise (api-v3 6.4).
func (r *room) attach(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	network, cluster, err := inCluster(tx, call)
	if err != nil {
		return nil, err
	}
	if _, has := network.In(cluster.ID); has {
		return nil, fault.New(fault.Duplicate, call.Verb, fmt.Sprintf("The cluster %s has the network %s already.", cluster.Name, network.Name))
	}
	return r.put(tx, call, network, cluster, model.ClusterNetwork{Cluster: cluster.ID, Required: true}, audit.NetworkAttached)
}

// editAttached changes how a cluster has a network.
func (r *room) editAttached(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	network, cluster, err := inCluster(tx, call)
	if err != nil {
		return nil, err
	}
	now, has := network.In(cluster.ID)
	if !has {
		return nil, fault.Missing(string(network.ID))
	}
	return r.put(tx, call, network, cluster, now, audit.NetworkInClusterUpdated)
}

func (r *room) put(tx *inventory.Tx, call *engine.Call, network *model.Network, cluster *model.Cluster, has model.ClusterNetwork, code audit.Code) (model.Object, error) {
	if edit := clusterParams(call).Edit; edit != nil {
		if err := edit(&has); err != nil {
			return nil, err
		}
	}
	if network.Management() && !has.Required {
		return nil, fault.New(fault.StateConflict, call.Verb, "The management network is required in every cluster.")
	}
	has.Cluster = cluster.ID
	changed, _ := tx.Networks.Edit(network.ID)
	changed.Clusters = append(slices.DeleteFunc(changed.Clusters, of(cluster.ID)), has)
	tell(tx, code, call, nil, network.Name+" in cluster "+cluster.Name)
	return changed, nil
}

// detach takes a network that no VM or template of the cluster uses from it.
func (r *room) detach(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	network, cluster, err := inCluster(tx, call)
	if err != nil {
		return nil, err
	}
	if network.Management() {
		return nil, fault.New(fault.ManagementStays, network.Name)
	}
	if _, has := network.In(cluster.ID); !has {
		return nil, fault.Missing(string(network.ID))
	}
	if err := notUsed(tx, call.Verb, network, &cluster.ID); err != nil {
		return nil, err
	}
	changed, _ := tx.Networks.Edit(network.ID)
	changed.Clusters = slices.DeleteFunc(changed.Clusters, of(cluster.ID))
	tell(tx, audit.NetworkDetached, call, nil, network.Name+" of cluster "+cluster.Name)
	return changed, nil
}

func of(cluster model.ID) func(model.ClusterNetwork) bool {
	return func(has model.ClusterNetwork) bool { return has.Cluster == cluster }
}

// inCluster finds the network and the cluster of a call.
func inCluster(tx *inventory.Tx, call *engine.Call) (*model.Network, *model.Cluster, error) {
	network, ok := tx.Networks.Get(call.Target)
	if !ok {
		return nil, nil, fault.Missing("Networks: id=" + string(call.Target))
	}
	cluster, ok := tx.Clusters.Get(clusterParams(call).Cluster)
	if !ok {
		return nil, nil, fault.Missing("Cluster: id=" + string(clusterParams(call).Cluster))
	}
	if cluster.DataCenter != network.DataCenter {
		return nil, nil, fault.New(fault.StateConflict, call.Verb, fmt.Sprintf("The network %s is in another data center than the cluster.", network.Name))
	}
	return network, cluster, nil
}
