package tags

import (
	"slices"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// remove removes a tag with all tags below it, and takes them off what carries them.
func (r *room) remove(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	tag, _ := tx.Tags.Get(call.Target)
	if tag.ID == model.BlankID {
		return nil, rootIsFixed(call.Verb)
	}
	doomed := family(tx, tag.ID)
	for _, ref := range carriers(tx) {
		on, ok := carrierOf(tx, ref)
		if ok && slices.ContainsFunc(on.tags, func(id model.ID) bool { return doomed[id] }) {
			on.put(without(on.tags, doomed))
		}
	}
	for id := range doomed {
		tx.Tags.Delete(id)
	}
	tell(tx, audit.TagRemoved, call, tag)
	return tag, nil
}

// family is a tag and all tags below it.
func family(tx *inventory.Tx, top model.ID) map[model.ID]bool {
	members := map[model.ID]bool{top: true}
	for grown := true; grown; {
		grown = false
		for _, tag := range tx.Tags.All() {
			if members[tag.Parent] && !members[tag.ID] {
				members[tag.ID], grown = true, true
			}
		}
	}
	return members
}
