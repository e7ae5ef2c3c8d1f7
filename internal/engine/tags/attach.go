package tags

import (
	"slices"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// attach puts a tag on an object; one that is there already stays.
func (r *room) attach(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	on, tag, err := both(tx, call)
	if err != nil {
		return nil, err
	}
	if tag.ID == model.BlankID {
		return nil, fault.New(fault.Invalid, call.Verb, "The root of all tags is on nothing.")
	}
	if slices.Contains(on.tags, tag.ID) {
		return on.object, nil
	}
	edited := on.put(append(slices.Clone(on.tags), tag.ID))
	told := events[on.object.Ref().Kind]
	tellOf(tx, told.attached, call, tag, edited)
	return edited, nil
}

// detach takes a tag off an object.
func (r *room) detach(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	on, tag, err := both(tx, call)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(on.tags, tag.ID) {
		return nil, fault.Missing(string(tag.ID))
	}
	edited := on.put(without(on.tags, map[model.ID]bool{tag.ID: true}))
	told := events[on.object.Ref().Kind]
	tellOf(tx, told.detached, call, tag, edited)
	return edited, nil
}

func both(tx *inventory.Tx, call *engine.Call) (*carrier, *model.Tag, error) {
	ref := onWhat(call)
	if ref.ID == "" {
		return nil, nil, fault.New(fault.Invalid, call.Verb, "Nothing that it is to be on was given.")
	}
	on, ok := carrierOf(tx, ref)
	if !ok {
		return nil, nil, fault.Missing(string(ref.ID))
	}
	tag, ok := tx.Tags.Get(call.Target)
	if !ok {
		return nil, nil, fault.Missing(string(call.Target))
	}
	return on, tag, nil
}

// without are the tags that are not doomed.
func without(tags []model.ID, doomed map[model.ID]bool) []model.ID {
	return slices.DeleteFunc(slices.Clone(tags), func(id model.ID) bool { return doomed[id] })
}
