package affinitygroups

import (
	"reflect"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// update changes name, texts and rule of a group. Its cluster stays.
func (r *room) update(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	edit, ok := call.Params.(engine.Edit[model.AffinityGroup])
	if !ok || edit == nil {
		return nil, missing(call)
	}
	old, _ := tx.AffinityGroups.Get(call.Target)
	wanted := model.Clone(old)
	if err := edit(wanted); err != nil {
		return nil, err
	}
	switch {
	case wanted.ID != old.ID || wanted.Cluster != old.Cluster:
		return nil, fault.New(fault.IllegalField, call.Verb, "The cluster of an affinity group cannot be changed.")
	case reflect.DeepEqual(wanted, old):
		return old, nil
	}
	return r.put(tx, call, wanted)
}

// put keeps a group that has changed, and tells of it.
func (r *room) put(tx *inventory.Tx, call *engine.Call, group *model.AffinityGroup) (model.Object, error) {
	if err := check(tx, call.Verb, group); err != nil {
		return nil, err
	}
	tx.AffinityGroups.Put(group)
	tell(tx, audit.AffinityGroupUpdated, call, group)
	report(tx, call, group)
	return group, nil
}
