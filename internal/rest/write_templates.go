package rest

import (
	"vireo/internal/engine"
	"vireo/internal/engine/templates"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
)

// addTemplate makes a template of a VM (api-v3 6.2). The parameter seal is version 4's.
func (s *Server) addTemplate(r *request) (*answer, error) {
	shape := &v3.Template{}
	if err := r.read("template", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckAdd(); err != nil {
		return nil, err
	}
	seal, _, err := r.flag("seal")
	if err != nil {
		return nil, err
	}
	vm, err := shape.Source().Resolve(model.KindVM, r.finder())
	if err != nil {
		return nil, err
	}
	edit := r.editTemplate(shape)
	if err := edit(&model.Template{}); err != nil {
		return nil, err
	}
	wishes, err := r.wishes(shape.VM.Disks, shape.StorageDomain)
	if err != nil {
		return nil, err
	}
	call := r.call(model.KindTemplate, "add")
	call.Parent = vm
	call.Params = &templates.AddParams{Edit: edit, Disks: wishes, Seal: seal, ClonePermissions: shape.Permissions.Cloned()}
	return r.create(call, "template", func(object model.Object) (any, *v3.Resource, error) {
		made, err := r.view.Template(object.Ref().ID)
		if err != nil {
			return nil, nil, err
		}
		out := r.page.ShowTemplate(made)
		return out, &out.Resource, nil
	})
}

func (r *request) editTemplate(shape *v3.Template) engine.Edit[model.Template] {
	find := r.finder()
	return func(template *model.Template) error { return shape.Apply(template, find) }
}

// wishes are what a request says of the disks that will be made.
func (r *request) wishes(disks *v3.Disks, all *v3.Reference) ([]engine.DiskWish, error) {
	read, err := disks.Wishes(all, r.finder())
	if err != nil {
		return nil, err
	}
	wishes := make([]engine.DiskWish, len(read))
	for i, wish := range read {
		wishes[i] = engine.DiskWish(wish)
	}
	return wishes, nil
}

// updateTemplate changes a template.
func (s *Server) updateTemplate(r *request) (*answer, error) {
	shape := &v3.Template{}
	if err := r.read("template", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckUpdate(r.id("template")); err != nil {
		return nil, err
	}
	if err := r.editTemplate(shape)(&model.Template{}); err != nil {
		return nil, err
	}
	template, err := r.templateOfPath()
	if err != nil {
		return nil, err
	}
	v3.ForgetUnchanged(shape, s.pages[pageKey{r.prefix, true, false}].ShowTemplate(template))
	call := r.call(model.KindTemplate, "update")
	call.Params = r.editTemplate(shape)
	if _, err := r.act(call, nil); err != nil {
		return nil, err
	}
	if template, err = r.templateOfPath(); err != nil {
		return nil, err
	}
	return &answer{root: "template", shape: r.page.ShowTemplate(template)}, nil
}

// removeTemplate removes a template.
func (s *Server) removeTemplate(r *request) (*answer, error) {
	action := &v3.Action{}
	if err := r.readOptional("action", action); err != nil {
		return nil, err
	}
	return r.remove(r.call(model.KindTemplate, "remove"), action)
}

// removeTemplateDisk removes one of several copies of a template's disk. There is never
// more than one, which the command refuses.
func (s *Server) removeTemplateDisk(r *request) (*answer, error) {
	action := &v3.Action{}
	if err := r.readOptional("action", action); err != nil {
		return nil, err
	}
	found, err := r.templateDisk()
	if err != nil {
		return nil, err
	}
	call := r.call(model.KindDisk, "remove")
	call.Target = found.Disk.ID
	return r.remove(call, action)
}
