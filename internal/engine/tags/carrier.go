package tags

import (
	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// CarrierParams are the Params of attach and detach for what is no VM: a template, a
// host, a user or a group. With them Parent is empty.
type CarrierParams struct {
	On model.Ref
}

// onWhat is what a tag is put on or taken off.
func onWhat(call *engine.Call) model.Ref {
	if params, ok := call.Params.(*CarrierParams); ok && params != nil {
		return params.On
	}
	return model.Ref{Kind: model.KindVM, ID: call.Parent}
}

// carrier is an object that tags can be on.
type carrier struct {
	object model.Object
	tags   []model.ID
	// put gives it other tags.
	put func(tags []model.ID) model.Object
}

// carrierOf finds an object that can carry tags.
func carrierOf(tx *inventory.Tx, ref model.Ref) (*carrier, bool) {
	switch ref.Kind {
	case model.KindVM:
		vm, known := tx.VMs.Get(ref.ID)
		return carries(known, vm, func(vm *model.VM) []model.ID { return vm.Tags }, func(tags []model.ID) model.Object {
			edited, _ := tx.VMs.Edit(ref.ID)
			edited.Tags = tags
			engine.AlignNextRun(edited)
			return edited
		})
	case model.KindTemplate:
		template, known := tx.Templates.Get(ref.ID)
		return carries(known, template, func(t *model.Template) []model.ID { return t.Tags }, func(tags []model.ID) model.Object {
			edited, _ := tx.Templates.Edit(ref.ID)
			edited.Tags = tags
			return edited
		})
	case model.KindHost:
		on, known := tx.Hosts.Get(ref.ID)
		return carries(known, on, func(h *model.Host) []model.ID { return h.Tags }, func(tags []model.ID) model.Object {
			edited, _ := tx.Hosts.Edit(ref.ID)
			edited.Tags = tags
			return edited
		})
	case model.KindUser:
		user, known := tx.Users.Get(ref.ID)
		return carries(known && !user.Outside, user, func(u *model.User) []model.ID { return u.Tags }, func(tags []model.ID) model.Object {
			edited, _ := tx.Users.Edit(ref.ID)
			edited.Tags = tags
			return edited
		})
	case model.KindGroup:
		group, known := tx.Groups.Get(ref.ID)
		return carries(known, group, func(g *model.Group) []model.ID { return g.Tags }, func(tags []model.ID) model.Object {
			edited, _ := tx.Groups.Edit(ref.ID)
			edited.Tags = tags
			return edited
		})
	}
	return nil, false
}

func carries[P model.Object](known bool, object P, tags func(P) []model.ID, put func([]model.ID) model.Object) (*carrier, bool) {
	if !known {
		return nil, false
	}
	return &carrier{object, tags(object), put}, true
}

// carriers are all objects that can carry tags.
func carriers(tx *inventory.Tx) []model.Ref {
	return append(append(append(append(refs(tx.VMs.All()), refs(tx.Templates.All())...),
		refs(tx.Hosts.All())...), refs(tx.Users.All())...), refs(tx.Groups.All())...)
}

func refs[P model.Object](all []P) []model.Ref {
	found := make([]model.Ref, 0, len(all))
	for _, object := range all {
		found = append(found, object.Ref())
	}
	return found
}

// events tell that a tag was put on an object or taken off it.
var events = map[model.Kind]struct{ attached, detached audit.Code }{
	model.KindVM:       {audit.TagAttached, audit.TagDetached},
	model.KindTemplate: {audit.TagOnTemplate, audit.TagOffTemplate},
	model.KindHost:     {audit.TagOnHost, audit.TagOffHost},
	model.KindUser:     {audit.TagOnUser, audit.TagOffUser},
	model.KindGroup:    {audit.TagOnGroup, audit.TagOffGroup},
}

// tellOf tells of a tag and what it is on.
func tellOf(tx *inventory.Tx, code audit.Code, call *engine.Call, tag *model.Tag, on model.Object) {
	about := engine.AboutCaller(call)
	about.Detail = tag.Name
	switch on := on.(type) {
	case *model.VM:
		about.VM = on
	case *model.Template:
		about.Template = on
	case *model.Host:
		about.Host = on
	default: // people, whom an event names in its text
		about.Detail += " and " + on.ObjectName()
	}
	tx.Event(audit.New(code, about))
}
