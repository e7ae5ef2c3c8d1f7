package rest

import (
	"net/http"
	"slices"

	"vireo/internal/engine"
	"vireo/internal/engine/access"
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
)

// addUser adds a user of a directory to the system (api-v3 6.4).
func (s *Server) addUser(r *request) (*answer, error) {
	shape := &v3.User{}
	if err := r.read("user", shape); err != nil {
		return nil, err
	}
	params, err := r.person(shape.Names)
	if err != nil {
		return nil, err
	}
	call := r.call(model.KindUser, "add")
	call.Params = params
	return r.create(call, "user", func(object model.Object) (any, *v3.Resource, error) {
		made, err := r.view.User(object.Ref().ID)
		if err != nil {
			return nil, nil, err
		}
		out := r.page.ShowUser(made, "", nil)
		return out, &out.Resource, nil
	})
}

// addGroup adds a group of a directory to the system.
func (s *Server) addGroup(r *request) (*answer, error) {
	shape := &v3.Group{}
	if err := r.read("group", shape); err != nil {
		return nil, err
	}
	params, err := r.person(shape.Names)
	if err != nil {
		return nil, err
	}
	call := r.call(model.KindGroup, "add")
	call.Params = params
	return r.create(call, "group", func(object model.Object) (any, *v3.Resource, error) {
		made, err := r.view.Group(object.Ref().ID)
		if err != nil {
			return nil, nil, err
		}
		out := r.page.ShowGroup(made, "")
		return out, &out.Resource, nil
	})
}

// person reads whom a request means; names reads the shape.
func (r *request) person(names func(func(*v3.Domain) (string, error)) (string, string, error)) (*access.PersonParams, error) {
	name, domain, err := names(func(reference *v3.Domain) (string, error) {
		found, known := r.domainName(reference.ID, reference.Name)
		if !known {
			return "", v3.NoDomain(reference)
		}
		return found, nil
	})
	if err != nil {
		return nil, err
	}
	if _, known := r.domainName(nil, &domain); !known {
		return nil, access.NoSuchUser(&access.PersonParams{Domain: domain, Name: name})
	}
	return &access.PersonParams{Domain: domain, Name: name}, nil
}

// removes makes the DELETE of what the path names.
func (s *Server) removes(on model.Kind, exists func(*request) error) handler {
	return func(r *request) (*answer, error) {
		if err := exists(r); err != nil {
			return nil, err
		}
		action := &v3.Action{}
		if err := r.readOptional("action", action); err != nil {
			return nil, err
		}
		return r.remove(r.call(on, "remove"), action)
	}
}

// takeRole takes a role on the system away from the user or group in the path.
func takeRole(name string) handler {
	return func(r *request) (*answer, error) {
		action := &v3.Action{}
		if err := r.readOptional("action", action); err != nil {
			return nil, err
		}
		for _, given := range r.permissionsOn(model.Ref{}) {
			if given.Holder() == r.id(name) && given.Role == r.id("role") {
				call := r.call(model.KindPermission, "remove")
				call.Target = given.ID
				return r.remove(call, action)
			}
		}
		return nil, fault.Missing(string(r.id("role")))
	}
}

// addRole makes a role.
func (s *Server) addRole(r *request) (*answer, error) {
	shape := &v3.Role{}
	if err := r.read("role", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckAdd(); err != nil {
		return nil, err
	}
	call := r.call(model.KindRole, "add")
	call.Params = engine.Edit[model.Role](shape.Apply)
	return r.create(call, "role", func(object model.Object) (any, *v3.Resource, error) {
		made, err := r.view.Role(object.Ref().ID)
		if err != nil {
			return nil, nil, err
		}
		out := r.page.ShowRole(made)
		return out, &out.Resource, nil
	})
}

// updateRole changes a role.
func (s *Server) updateRole(r *request) (*answer, error) {
	shape := &v3.Role{}
	if err := r.read("role", shape); err != nil {
		return nil, err
	}
	changed, err := r.editRole(shape.Apply)
	if err != nil {
		return nil, err
	}
	return &answer{root: "role", shape: r.page.ShowRole(changed)}, nil
}

func (r *request) editRole(edit engine.Edit[model.Role]) (*model.Role, error) {
	if _, err := r.role(); err != nil {
		return nil, err
	}
	call := r.call(model.KindRole, "update")
	call.Params = edit
	if _, err := r.act(call, nil); err != nil {
		return nil, err
	}
	return r.role()
}

// addPermit adds a permit to a role.
func (s *Server) addPermit(r *request) (*answer, error) {
	shape := &v3.Permit{}
	if err := r.read("permit", shape); err != nil {
		return nil, err
	}
	permit, err := shape.Means()
	if err != nil {
		return nil, err
	}
	changed, err := r.editRole(func(role *model.Role) error {
		role.Permits = append(role.Permits, permit)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, shown := range r.page.ShowPermits(changed) {
		if *shown.Name == string(permit) {
			return &answer{code: http.StatusCreated, root: "permit", shape: shown, location: shown.Href}, nil
		}
	}
	return nil, fault.Missing(string(permit))
}

// removePermit takes a permit out of a role.
func (s *Server) removePermit(r *request) (*answer, error) {
	role, err := r.role()
	if err != nil {
		return nil, err
	}
	shown, err := pick(r.page.ShowPermits(role), r.ids["permit"], nil, func(p v3.Permit) *string { return p.ID })
	if err != nil {
		return nil, err
	}
	_, err = r.editRole(func(role *model.Role) error {
		role.Permits = slices.DeleteFunc(slices.Clone(role.Permits), func(p model.Permit) bool { return string(p) == *shown.Name })
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &answer{root: "action", shape: &v3.Action{Status: &v3.Status{State: "complete"}}}, nil
}

// grants makes the POST of permissions on the object in the path, or to the user or
// group in it; the zero kind is the system.
func (s *Server) grants(kind model.Kind, name string, exists func(*request) error) handler {
	toHolder := kind == model.KindUser || kind == model.KindGroup
	return func(r *request) (*answer, error) {
		if err := exists(r); err != nil {
			return nil, err
		}
		shape := &v3.Permission{}
		if err := r.read("permission", shape); err != nil {
			return nil, err
		}
		given, err := shape.Means(r.finder(), !toHolder, toHolder)
		if err != nil {
			return nil, err
		}
		at := ""
		switch {
		case kind == model.KindUser:
			given.User = r.id(name)
		case kind == model.KindGroup:
			given.Group = r.id(name)
		case kind != "":
			given.Object = model.Ref{Kind: kind, ID: r.id(name)}
		}
		if kind != "" {
			at = r.page.Href(kind, r.id(name))
		}
		call := r.call(model.KindPermission, "add")
		call.Params = &access.PermissionParams{Role: given.Role, User: given.User, Group: given.Group, Object: given.Object}
		return r.create(call, "permission", func(object model.Object) (any, *v3.Resource, error) {
			made, err := r.view.Permission(object.Ref().ID)
			if err != nil {
				return nil, nil, err
			}
			out := r.page.ShowPermission(made, at)
			return out, &out.Resource, nil
		})
	}
}
