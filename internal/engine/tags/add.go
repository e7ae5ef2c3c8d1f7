package tags

import (
	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// add makes a tag, below the root unless the edit says otherwise.
func (r *room) add(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	edit, ok := call.Params.(engine.Edit[model.Tag])
	if !ok || edit == nil {
		return nil, fault.New(fault.Invalid, call.Verb, "Nothing to add was given.")
	}
	tag := &model.Tag{ID: model.NewID(), Parent: model.BlankID}
	id := tag.ID
	if err := edit(tag); err != nil {
		return nil, err
	}
	tag.ID = id
	if tag.Parent == "" {
		tag.Parent = model.BlankID
	}
	if err := check(tx, call.Verb, tag); err != nil {
		return nil, err
	}
	tx.Tags.Put(tag)
	tell(tx, audit.TagAdded, call, tag)
	return tag, nil
}
