package engine

import (
	"slices"

	"vireo/internal/fault"
	"vireo/internal/model"
)

// AffinityGroups gives the affinity groups of a cluster that the caller may see, by
// name.
func (v *View) AffinityGroups(cluster model.ID) ([]*model.AffinityGroup, error) {
	if _, err := v.Cluster(cluster); err != nil {
		return nil, err
	}
	var found []*model.AffinityGroup
	for _, group := range v.engine.Inventory.AffinityGroups.All() {
		if group.Cluster == cluster && v.seesGroup(group) {
			found = append(found, group)
		}
	}
	return found, nil
}

// AffinityGroup finds one affinity group of a cluster.
func (v *View) AffinityGroup(cluster, id model.ID) (*model.AffinityGroup, error) {
	if _, err := v.Cluster(cluster); err != nil {
		return nil, err
	}
	group, err := one(v.engine.Inventory.AffinityGroups, id)
	if err == nil && (group.Cluster != cluster || !v.seesGroup(group)) {
		return nil, fault.Missing(string(id))
	}
	return group, err
}

// seesGroup says whether the caller sees what is in the cluster, or one of the members.
func (v *View) seesGroup(group *model.AffinityGroup) bool {
	return v.scope().opens(model.Ref{Kind: model.KindCluster, ID: group.Cluster}) ||
		slices.ContainsFunc(group.VMs, func(vm model.ID) bool { return v.scope().sees(model.Ref{Kind: model.KindVM, ID: vm}) })
}
