package tags

import (
	"slices"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// attach puts a tag on a VM; one that is there already stays.
func (r *room) attach(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	vm, tag, err := both(tx, call)
	if err != nil {
		return nil, err
	}
	if tag.ID == model.BlankID {
		return nil, fault.New(fault.Invalid, call.Verb, "The root of all tags is on no VM.")
	}
	if slices.Contains(vm.Tags, tag.ID) {
		return vm, nil
	}
	edited, _ := tx.VMs.Edit(vm.ID)
	edited.Tags = append(edited.Tags, tag.ID)
	engine.AlignNextRun(edited)
	tell(tx, audit.TagAttached, call, tag, edited)
	return edited, nil
}

// detach takes a tag off a VM.
func (r *room) detach(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	vm, tag, err := both(tx, call)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(vm.Tags, tag.ID) {
		return nil, fault.Missing(string(tag.ID))
	}
	edited, _ := tx.VMs.Edit(vm.ID)
	edited.Tags = slices.DeleteFunc(edited.Tags, func(id model.ID) bool { return id == tag.ID })
	engine.AlignNextRun(edited)
	tell(tx, audit.TagDetached, call, tag, edited)
	return edited, nil
}

func both(tx *inventory.Tx, call *engine.Call) (*model.VM, *model.Tag, error) {
	vm, ok := tx.VMs.Get(call.Parent)
	if !ok {
		return nil, nil, fault.New(fault.Invalid, call.Verb, "No VM was given.")
	}
	tag, ok := tx.Tags.Get(call.Target)
	if !ok {
		return nil, nil, fault.Missing(string(call.Target))
	}
	return vm, tag, nil
}
