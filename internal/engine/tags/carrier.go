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
		return carries(tx.VMs, ref.ID, func(vm *model.VM) *[]model.ID { return &vm.Tags })
	case model.KindTemplate:
		return carries(tx.Templates, ref.ID, func(t *model.Template) *[]model.ID { return &t.Tags })
	case model.KindHost:
		return carries(tx.Hosts, ref.ID, func(h *model.Host) *[]model.ID { return &h.Tags })
	case model.KindUser:
		if user, known := tx.Users.Get(ref.ID); known && user.Outside {
			return nil, false
		}
		return carries(tx.Users, ref.ID, func(u *model.User) *[]model.ID { return &u.Tags })
	case model.KindGroup:
		return carries(tx.Groups, ref.ID, func(g *model.Group) *[]model.ID { return &g.Tags })
	}
	return nil, false
}

// table is a table of objects in a transaction.
type table[P model.Object] interface {
	Get(id model.ID) (P, bool)
	Edit(id model.ID) (P, bool)
}

func carries[P model.Object](all table[P], id model.ID, of func(P) *[]model.ID) (*carrier, bool) {
	object, known := all.Get(id)
	if !known {
		return nil, false
	}
	return &carrier{object, *of(object), func(tags []model.ID) model.Object {
		edited, _ := all.Edit(id)
		*of(edited) = tags
		if vm, is := any(edited).(*model.VM); is {
			engine.AlignNextRun(vm)
		}
		return edited
	}}, true
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
