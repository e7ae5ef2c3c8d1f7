package rest

import (
	"vireo/internal/engine"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
)

// addTag makes a tag (api-v3 6.4).
func (s *Server) addTag(r *request) (*answer, error) {
	shape := &v3.Tag{}
	if err := r.read("tag", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckAdd(); err != nil {
		return nil, err
	}
	edit := r.editTag(shape)
	if err := edit(&model.Tag{}); err != nil {
		return nil, err
	}
	call := r.call(model.KindTag, "add")
	call.Params = edit
	return r.create(call, "tag", func(object model.Object) (any, *v3.Resource, error) {
		made, err := r.view.Tag(object.Ref().ID)
		if err != nil {
			return nil, nil, err
		}
		out := r.page.ShowTag(made)
		return out, &out.Resource, nil
	})
}

func (r *request) editTag(shape *v3.Tag) engine.Edit[model.Tag] {
	find := r.finder()
	return func(tag *model.Tag) error { return shape.Apply(tag, find) }
}

// updateTag renames a tag, describes it or moves it in the tree.
func (s *Server) updateTag(r *request) (*answer, error) {
	shape := &v3.Tag{}
	if err := r.read("tag", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckUpdate(r.id("tag")); err != nil {
		return nil, err
	}
	edit := r.editTag(shape)
	if err := edit(&model.Tag{}); err != nil {
		return nil, err
	}
	call := r.call(model.KindTag, "update")
	call.Params = edit
	if _, err := r.act(call, nil); err != nil {
		return nil, err
	}
	changed, err := r.view.Tag(r.id("tag"))
	if err != nil {
		return nil, err
	}
	return &answer{root: "tag", shape: r.page.ShowTag(changed)}, nil
}

// removeTag removes a tag and those below it.
func (s *Server) removeTag(r *request) (*answer, error) {
	action := &v3.Action{}
	if err := r.readOptional("action", action); err != nil {
		return nil, err
	}
	return r.remove(r.call(model.KindTag, "remove"), action)
}
