package rest

import (
	"net/http"
	"slices"

	"vireo/internal/engine/tags"
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
)

// tagged is a kind of objects that tags can be on: their path, the placeholder in it,
// and what finds the tags of the one in the path.
type tagged struct {
	path string
	kind model.Kind
	name string
	tags func(*request) ([]model.ID, error)
}

var (
	taggedVM       = tagged{"vms/{vm}", model.KindVM, "vm", tagsOf((*request).vm, func(vm *model.VM) []model.ID { return vm.Tags })}
	taggedTemplate = tagged{
		"templates/{template}", model.KindTemplate, "template",
		tagsOf((*request).templateOfPath, func(t *model.Template) []model.ID { return t.Tags }),
	}
	taggedHost = tagged{
		"hosts/{host}", model.KindHost, "host",
		tagsOf(func(r *request) (*model.Host, error) { return r.view.Host(r.id("host")) }, func(h *model.Host) []model.ID { return h.Tags }),
	}
	taggedUser  = tagged{"users/{user}", model.KindUser, "user", tagsOf((*request).user, func(u *model.User) []model.ID { return u.Tags })}
	taggedGroup = tagged{"groups/{group}", model.KindGroup, "group", tagsOf((*request).group, func(g *model.Group) []model.ID { return g.Tags })}
)

func tagsOf[T any](find func(*request) (T, error), tags func(T) []model.ID) func(*request) ([]model.ID, error) {
	return func(r *request) ([]model.ID, error) {
		on, err := find(r)
		if err != nil {
			return nil, err
		}
		return tags(on), nil
	}
}

// tagRoutes are those of the tags on an object (api-v3 6.2, 6.4).
func (s *Server) tagRoutes(on tagged) []*route {
	list, one := on.handlers(func(r *request, tag *model.Tag) (any, error) { return r.page.ShowTagOf(tag, on.ref(r)), nil })
	return []*route{
		{path: on.path + "/tags", get: list, post: s.writes(model.KindTag, "attach", on.attach)},
		{path: on.path + "/tags/{tag}", get: one, delete: s.writes(model.KindTag, "detach", on.detach)},
	}
}

// handlers make list and fetch of the tags on an object.
func (t tagged) handlers(show func(*request, *model.Tag) (any, error)) (list, one handler) {
	list = collection[*model.Tag]{
		root: "tags", item: "tag", show: show,
		rows: func(r *request) ([]*model.Tag, error) {
			carried, err := t.tags(r)
			return r.visibleTags(carried), err
		},
	}.get
	one = object("tag", func(r *request) (*model.Tag, error) {
		carried, err := t.tags(r)
		if err == nil && !slices.Contains(carried, r.id("tag")) {
			err = fault.Missing(string(r.id("tag")))
		}
		if err != nil {
			return nil, err
		}
		return r.view.Tag(r.id("tag"))
	}, show)
	return list, one
}

func (r *request) visibleTags(ids []model.ID) []*model.Tag {
	var found []*model.Tag
	for _, id := range ids {
		if tag, err := r.view.Tag(id); err == nil {
			found = append(found, tag)
		}
	}
	return found
}

func (t tagged) ref(r *request) model.Ref { return model.Ref{Kind: t.kind, ID: r.id(t.name)} }

// params name the object in the path to the commands for tags, unless it is a VM, which
// the call names already.
func (t tagged) params(r *request) any {
	if t.kind == model.KindVM {
		return nil
	}
	return &tags.CarrierParams{On: t.ref(r)}
}

// put puts a tag on the object in the path.
func (t tagged) put(r *request, id model.ID) (*model.Tag, error) {
	call := r.call(model.KindTag, "attach")
	call.Target, call.Params = id, t.params(r)
	if _, err := r.act(call, nil); err != nil {
		return nil, err
	}
	return r.view.Tag(id)
}

// attach puts a tag on an object.
func (t tagged) attach(r *request) (*answer, error) {
	if _, err := t.tags(r); err != nil && t.kind != model.KindVM {
		return nil, err
	}
	shape := &v3.Tag{}
	if err := r.read("tag", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckAttach(); err != nil {
		return nil, err
	}
	id, err := shape.Reference().Resolve(model.KindTag, r.finder())
	if err != nil {
		return nil, err
	}
	tag, err := t.put(r, id)
	if err != nil {
		return nil, err
	}
	out := r.page.ShowTagOf(tag, t.ref(r))
	return &answer{code: http.StatusCreated, root: "tag", shape: out, location: out.Href}, nil
}

// detach takes a tag off an object.
func (t tagged) detach(r *request) (*answer, error) {
	action := &v3.Action{}
	if err := r.readOptional("action", action); err != nil {
		return nil, err
	}
	call := r.call(model.KindTag, "detach")
	call.Params = t.params(r)
	return r.remove(call, action)
}
