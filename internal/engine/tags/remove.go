package tags

import (
	"slices"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// remove removes a tag with all tags below it, and takes them off the VMs.
func (r *room) remove(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	tag, _ := tx.Tags.Get(call.Target)
	if tag.ID == model.BlankID {
		return nil, rootIsFixed(call.Verb)
	}
	doomed := family(tx, tag.ID)
	for _, vm := range tx.VMs.All() {
		if !slices.ContainsFunc(vm.Tags, func(id model.ID) bool { return doomed[id] }) {
			continue
		}
		edited, _ := tx.VMs.Edit(vm.ID)
		edited.Tags = slices.DeleteFunc(edited.Tags, func(id model.ID) bool { return doomed[id] })
		engine.AlignNextRun(edited)
	}
	for id := range doomed {
		tx.Tags.Delete(id)
	}
	tell(tx, audit.TagRemoved, call, tag, nil)
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
