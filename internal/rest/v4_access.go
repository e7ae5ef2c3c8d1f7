package rest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/engine/access"
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/rest/v4"
)

var (
	userList4       = shown4(userList, showUser4)
	oneUser4        = object("user", (*request).user, showUser4)
	groupList4      = shown4(groupList, showGroup4)
	oneGroup4       = object("group", (*request).group, showGroup4)
	directoryList4  = shown4(directoryList, showDirectory4)
	oneDirectory4   = object("domain", func(r *request) (*model.Domain, error) { return r.view.Domain(r.id("domain")) }, showDirectory4)
	roleList4       = shown4(roleList, showRole4)
	oneRole4        = object("role", (*request).role, showRole4)
	permissionList4 = shown4(permissionList, showPermission4)
	onePermission4  = object("permission", func(r *request) (*model.Permission, error) { return r.view.Permission(r.id("permission")) }, showPermission4)

	domainUserList4  = shown4(domainUserList, showDomainUser4)
	oneDomainUser4   = object("user", (*request).userOfDomain, showDomainUser4)
	domainGroupList4 = shown4(domainGroupList, showDomainGroup4)
	oneDomainGroup4  = object("group", (*request).groupOfDomain, showDomainGroup4)
)

func showDomainUser4(r *request, user *model.User) (any, error) {
	return r.page4.ShowUser(user, r.page4.Href(model.KindDomain, r.id("domain"))+"/users"), nil
}

func showDomainGroup4(r *request, group *model.Group) (any, error) {
	return r.page4.ShowGroup(group, r.page4.Href(model.KindDomain, r.id("domain"))+"/groups"), nil
}

func showUser4(r *request, user *model.User) (any, error) { return r.page4.ShowUser(user, ""), nil }

func showGroup4(r *request, group *model.Group) (any, error) {
	return r.page4.ShowGroup(group, ""), nil
}

func showDirectory4(r *request, domain *model.Domain) (any, error) {
	return r.page4.ShowDomain(domain), nil
}

func showRole4(r *request, role *model.Role) (any, error) { return r.page4.ShowRole(role), nil }

func showPermission4(r *request, permission *model.Permission) (any, error) {
	return r.page4.ShowPermission(permission, ""), nil
}

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

// peopleRoutes4 are users, groups and their domains.
func (s *Server) peopleRoutes4() []*route {
	user, group := existing((*request).user), existing((*request).group)
	userRoles, userRole := rolesOf("user", user, showRole4)
	groupRoles, groupRole := rolesOf("group", group, showRole4)
	return []*route{
		{path: "users", get: userList4.get, search: true, post: makes4(s, model.KindUser, "add", "user", readUser4,
			func(r *request, id model.ID) (*model.User, error) { return r.view.User(id) },
			func(r *request, made *model.User) (any, *v4.Resource) {
				out := r.page4.ShowUser(made, "")
				return out, &out.Resource
			})},
		{path: "users/{user}", get: oneUser4, noun: "user", delete: s.removes4(model.KindUser, "remove", user, noParams)},
		{path: "users/{user}/roles", get: userRoles},
		{path: "users/{user}/roles/{role}", get: userRole},
		{path: "groups", get: groupList4.get, search: true, post: makes4(s, model.KindGroup, "add", "group", readGroup4,
			func(r *request, id model.ID) (*model.Group, error) { return r.view.Group(id) },
			func(r *request, made *model.Group) (any, *v4.Resource) {
				out := r.page4.ShowGroup(made, "")
				return out, &out.Resource
			})},
		{path: "groups/{group}", get: oneGroup4, noun: "group", delete: s.removes4(model.KindGroup, "remove", group, noParams)},
		{path: "groups/{group}/roles", get: groupRoles},
		{path: "groups/{group}/roles/{role}", get: groupRole},
		{path: "domains", get: directoryList4.get},
		{path: "domains/{domain}", get: oneDirectory4, noun: "domain", free: []string{"domain"}},
		{path: "domains/{domain}/users", get: domainUserList4.get, free: []string{"domain"}},
		{path: "domains/{domain}/users/{user}", get: oneDomainUser4, free: []string{"domain"}},
		{path: "domains/{domain}/groups", get: domainGroupList4.get, free: []string{"domain"}},
		{path: "domains/{domain}/groups/{group}", get: oneDomainGroup4, free: []string{"domain"}},
	}
}

// permissionRoutes4 are the permissions on the system, on every object, and of people.
func (s *Server) permissionRoutes4() []*route {
	table := []*route{
		{path: "permissions", get: permissionList4.get, post: s.grants4(holder{exists: func(*request) error { return nil }})},
		{path: "permissions/{permission}", get: onePermission4, delete: s.removes4(model.KindPermission, "remove", fetched(onePermission4), noParams)},
	}
	for _, each := range holders() {
		list, one := permissionsOf(each, func(r *request, permission *model.Permission) (any, error) {
			return r.page4.ShowPermission(permission, r.page4.Href(each.kind, r.id(each.name))), nil
		})
		table = append(table,
			&route{path: each.path + "/permissions", get: list, post: s.grants4(each)},
			&route{path: each.path + "/permissions/{permission}", get: one, delete: s.removes4(model.KindPermission, "remove", fetched(one), noParams)},
		)
	}
	return table
}

// grants4 makes the POST of permissions on the object in the path, or to the user or
// group in it; the zero holder is the system.
func (s *Server) grants4(on holder) *write {
	at := func(r *request) string {
		if on.kind == "" {
			return ""
		}
		return r.page4.Href(on.kind, r.id(on.name))
	}
	read := func(r *request) (any, error) {
		if err := on.exists(r); err != nil {
			return nil, err
		}
		shape := &v4.Permission{}
		if err := r.read("permission", shape); err != nil {
			return nil, err
		}
		var given model.Permission
		switch on.kind {
		case "":
		case model.KindUser:
			given.User = r.id(on.name)
		case model.KindGroup:
			given.Group = r.id(on.name)
		default:
			given.Object = model.Ref{Kind: on.kind, ID: r.id(on.name)}
		}
		given, err := shape.Means(given, r.finder())
		return &access.PermissionParams{Role: given.Role, User: given.User, Group: given.Group, Object: given.Object}, err
	}
	return makes4(s, model.KindPermission, "add", "permission", read,
		func(r *request, id model.ID) (*model.Permission, error) { return r.view.Permission(id) },
		func(r *request, made *model.Permission) (any, *v4.Resource) {
			out := r.page4.ShowPermission(made, at(r))
			return out, &out.Resource
		})
}

func readUser4(r *request) (any, error) {
	shape := &v4.User{}
	if err := r.read("user", shape); err != nil {
		return nil, err
	}
	return r.person4("User", "userName", shape.UserName, shape.Domain)
}

func readGroup4(r *request) (any, error) {
	shape := &v4.Group{}
	if err := r.read("group", shape); err != nil {
		return nil, err
	}
	return r.person4("Group", "name", shape.Name, shape.Domain)
}

// person4 reads whom a request means: by a name and a domain, or by both in one.
func (r *request) person4(subject, element string, login *string, reference *v4.Reference) (any, error) {
	if login == nil || *login == "" {
		return nil, fault.Bad("Incomplete parameters", subject+" ["+element+"] required for add")
	}
	name, domain := auth.SplitName(*login)
	if reference != nil {
		found, known := r.domainName(reference.ID, reference.Name)
		switch {
		case !known:
			return nil, fault.Missing("Domain")
		case model.DomainName(domain) != found:
			name = *login
		}
		domain = found
	}
	if domain == "" {
		return nil, fault.Bad("Incomplete parameters", subject+" [domain.id|name] required for add")
	}
	params := &access.PersonParams{Domain: model.DomainName(domain), Name: name}
	if _, known := r.domainName(nil, &domain); !known {
		return nil, access.NoSuchUser(params)
	}
	return params, nil
}
