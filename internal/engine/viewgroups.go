package engine

import (
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
		if group.Cluster == cluster {
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
	if err == nil && group.Cluster != cluster {
		return nil, fault.Missing(string(id))
	}
	return group, err
}
