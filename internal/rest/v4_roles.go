package rest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/rest/v4"
)

var (
	roleList4 = shown4(roleList, showRole4)
	oneRole4  = object("role", (*request).role, showRole4)
)

func showRole4(r *request, role *model.Role) (any, error) { return r.page4.ShowRole(role), nil }

var permitList4 = collection[*v4.Permit]{
	root: "permits", item: "permit",
	rows: (*request).permits4,
	show: func(_ *request, permit *v4.Permit) (any, error) { return permit, nil },
}

var onePermit4 = object("permit", func(r *request) (*v4.Permit, error) {
	all, err := r.permits4()
	return pick(all, r.ids["permit"], err, func(p *v4.Permit) *string { return p.ID })
}, permitList4.show)

func (r *request) permits4() ([]*v4.Permit, error) {
	role, err := r.role()
	if err != nil {
		return nil, err
	}
	var found []*v4.Permit
	for _, name := range role.Permits {
		if facts, known := auth.PermitNamed(name); known {
			found = append(found, r.page4.ShowPermit(facts.ID, facts.Name, facts.Administrative, role.ID))
		}
	}
	return found, nil
}

// roleRoutes4 are the roles and what they allow.
func (s *Server) roleRoutes4() []*route {
	const kind = model.KindRole
	role := existing((*request).role)
	return []*route{
		{path: "roles", get: roleList4.get, post: makes4(s, kind, "add", "role", readNewRole4,
			func(r *request, id model.ID) (*model.Role, error) { return r.view.Role(id) },
			func(r *request, made *model.Role) (any, *v4.Resource) {
				out := r.page4.ShowRole(made)
				return out, &out.Resource
			})},
		{
			path: "roles/{role}", get: oneRole4, noun: "role",
			put:    s.writes(kind, "update", edits(s, kind, "update", role, readRole4, oneRole4)),
			delete: s.removes4(kind, "remove", role, noParams),
		},
		{path: "roles/{role}/permits", get: permitList4.get, post: s.writes(kind, "update", (*request).addPermit4)},
		{
			path: "roles/{role}/permits/{permit}", get: onePermit4, free: []string{"permit"},
			delete: s.removes4(kind, "update", fetched(onePermit4), func(r *request) any {
				return engine.Edit[model.Role](func(role *model.Role) error {
					role.Permits = slices.DeleteFunc(slices.Clone(role.Permits), func(permit model.Permit) bool {
						facts, _ := auth.PermitNamed(permit)
						return strconv.Itoa(facts.ID) == r.ids["permit"]
					})
					return nil
				})
			}),
		},
	}
}

func readNewRole4(r *request) (any, error) { return r.readRole4((*v4.Role).CheckAdd) }

func readRole4(r *request) (any, error) { return r.readRole4(func(*v4.Role) error { return nil }) }

func (r *request) readRole4(check func(*v4.Role) error) (any, error) {
	shape := &v4.Role{}
	if err := r.read("role", shape); err != nil {
		return nil, err
	}
	if err := check(shape); err != nil {
		return nil, err
	}
	return changes(engine.Edit[model.Role](func(role *model.Role) error { return shape.Apply(role, permitOf4) }))
}

// permitOf4 finds a permit by its number or its name.
func permitOf4(shape *v4.Permit) (model.Permit, error) {
	var facts auth.PermitFacts
	known, what := false, ""
	switch reference := shape.Reference(); {
	case reference.ID != nil && *reference.ID != "":
		what = "id=" + shorten(*reference.ID)
		if number, err := strconv.Atoi(*reference.ID); err == nil {
			facts, known = auth.PermitNumbered(number)
		}
	case reference.Name != nil && *reference.Name != "":
		what = "name=" + shorten(*reference.Name)
		facts, known = auth.PermitNamed(model.Permit(strings.ToLower(*reference.Name)))
	default:
		return "", fault.Bad("Incomplete parameters", "Permit [id|name] required for add")
	}
	if !known {
		return "", fault.Missing("Permit: " + what)
	}
	return facts.Name, nil
}

// addPermit4 adds a permit to a role.
func (r *request) addPermit4() (*answer, error) {
	shape := &v4.Permit{}
	if err := r.read("permit", shape); err != nil {
		return nil, err
	}
	permit, err := permitOf4(shape)
	if err != nil {
		return nil, err
	}
	role, err := r.editRole(func(role *model.Role) error {
		role.Permits = append(role.Permits, permit)
		return nil
	})
	if err != nil {
		return nil, err
	}
	facts, _ := auth.PermitNamed(permit)
	out := r.page4.ShowPermit(facts.ID, facts.Name, facts.Administrative, role.ID)
	return &answer{code: http.StatusCreated, root: "permit", shape: out, location: out.Href}, nil
}
