package rest

import (
	"vireo/internal/auth"
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

func showPermission4(r *request, permission *model.Permission) (any, error) {
	return r.page4.ShowPermission(permission, ""), nil
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
