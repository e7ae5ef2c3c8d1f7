package domains

import (
	"reflect"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// update changes a domain's description or the account that joins it. Its name
// is its identity and stays.
func (r *room) update(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	edit, ok := call.Params.(engine.Edit[model.Domain])
	if !ok || edit == nil {
		return nil, fault.New(fault.Invalid, call.Verb, "Nothing to change was given.")
	}
	old, _ := tx.Domains.Get(call.Target)
	wanted := *model.Clone(old)
	if err := edit(&wanted); err != nil {
		return nil, err
	}
	wanted.Name = model.DomainName(wanted.Name)
	switch {
	case wanted.ID != old.ID || wanted.Name != old.Name:
		return nil, fault.New(fault.IllegalField, call.Verb, "The name of a domain cannot be changed.")
	case reflect.DeepEqual(wanted, *old):
		return old, nil
	}
	if err := check(call.Verb, &wanted); err != nil {
		return nil, err
	}
	tx.Domains.Put(&wanted)
	tell(tx, audit.DirectoryUpdated, call, &wanted)
	return &wanted, nil
}
