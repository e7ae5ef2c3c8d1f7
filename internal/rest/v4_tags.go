package rest

import (
	"net/http"

	"vireo/internal/engine"
	"vireo/internal/model"
	"vireo/internal/rest/v4"
)

var (
	tagList4 = shown4(tagList, showTag4)
	oneTag4  = object("tag", (*request).tag, showTag4)
)

func (r *request) tag() (*model.Tag, error) { return r.view.Tag(r.id("tag")) }

func showTag4(r *request, tag *model.Tag) (any, error) { return r.page4.ShowTag(tag), nil }

// tagRoutes4 are the tags, alone and on what carries them.
func (s *Server) tagRoutes4() []*route {
	table := []*route{
		{path: "tags", get: tagList4.get, post: makes4(s, model.KindTag, "add", "tag", readNewTag4,
			func(r *request, id model.ID) (*model.Tag, error) { return r.view.Tag(id) },
			func(r *request, made *model.Tag) (any, *v4.Resource) {
				out := r.page4.ShowTag(made)
				return out, &out.Resource
			})},
		{
			path: "tags/{tag}", get: oneTag4, noun: "tag",
			put:    s.writes(model.KindTag, "update", edits(s, model.KindTag, "update", existing((*request).tag), readTag4, oneTag4)),
			delete: s.removes4(model.KindTag, "remove", existing((*request).tag), noParams),
		},
	}
	for _, each := range []tagged{taggedVM, taggedTemplate, taggedHost, taggedUser, taggedGroup} {
		list, one := each.handlers(func(r *request, tag *model.Tag) (any, error) { return r.page4.ShowTagOf(tag, each.ref(r)), nil })
		table = append(table,
			&route{path: each.path + "/tags", get: list, post: s.writes(model.KindTag, "attach", each.attach4)},
			&route{path: each.path + "/tags/{tag}", get: one, delete: s.removes4(model.KindTag, "detach", existing(each.tags), each.params)},
		)
	}
	return table
}

func readNewTag4(r *request) (any, error) { return r.readTag4((*v4.Tag).CheckAdd) }

func readTag4(r *request) (any, error) { return r.readTag4(func(*v4.Tag) error { return nil }) }

func (r *request) readTag4(check func(*v4.Tag) error) (any, error) {
	shape := &v4.Tag{}
	if err := r.read("tag", shape); err != nil {
		return nil, err
	}
	if err := check(shape); err != nil {
		return nil, err
	}
	find := r.finder()
	return changes(engine.Edit[model.Tag](func(tag *model.Tag) error { return shape.Apply(tag, find) }))
}

// attach4 puts a tag on an object.
func (t tagged) attach4(r *request) (*answer, error) {
	if _, err := t.tags(r); err != nil {
		return nil, err
	}
	shape := &v4.Tag{}
	if err := r.read("tag", shape); err != nil {
		return nil, err
	}
	id, err := shape.Attached(r.finder())
	if err != nil {
		return nil, err
	}
	tag, err := t.put(r, id)
	if err != nil {
		return nil, err
	}
	out := r.page4.ShowTagOf(tag, t.ref(r))
	return &answer{code: http.StatusCreated, root: "tag", shape: out, location: out.Href}, nil
}
