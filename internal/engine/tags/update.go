package tags

import (
	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// update renames a tag, describes it or moves it in the tree.
func (r *room) update(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	edit, ok := call.Params.(engine.Edit[model.Tag])
	if !ok || edit == nil {
		return nil, fault.New(fault.Invalid, call.Verb, "Nothing to change was given.")
	}
	old, _ := tx.Tags.Get(call.Target)
	wanted := *old
	if err := edit(&wanted); err != nil {
		return nil, err
	}
	switch {
	case wanted.ID != old.ID:
		return nil, &fault.Fault{
			Kind: fault.Conflict, Code: "IMMUTABLE", Reason: "Broken immutability constraint",
			Messages: []string{"Attempt to set immutable field: id"},
		}
	case wanted == *old:
		return old, nil
	case old.ID == model.BlankID:
		return nil, rootIsFixed(call.Verb)
	case wanted.Parent == "":
		wanted.Parent = model.BlankID
	}
	if err := check(tx, call.Verb, &wanted); err != nil {
		return nil, err
	}
	tx.Tags.Put(&wanted)
	tell(tx, audit.TagUpdated, call, &wanted)
	return &wanted, nil
}
