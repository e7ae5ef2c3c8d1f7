package affinitygroups

import (
	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// add makes a group in a cluster.
func (r *room) add(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	params, ok := call.Params.(*AddParams)
	if !ok || params.Edit == nil {
		return nil, missing(call)
	}
	if _, ok := tx.Clusters.Get(params.Cluster); !ok {
		return nil, fault.Missing("Cluster: id=" + string(params.Cluster))
	}
	group := &model.AffinityGroup{}
	if err := params.Edit(group); err != nil {
		return nil, err
	}
	group.ID, group.Cluster = model.NewID(), params.Cluster
	if err := check(tx, call.Verb, group); err != nil {
		return nil, err
	}
	tx.AffinityGroups.Put(group)
	tell(tx, audit.AffinityGroupAdded, call, group)
	report(tx, call, group)
	return group, nil
}
