package rest

import (
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
)

var userList = collection[*model.User]{
	root: "users", item: "user", kind: userKind,
	rows: func(r *request) ([]*model.User, error) { return r.view.Users(), nil },
	show: showUser,
}

var oneUser = object("user", (*request).user, showUser)

func (r *request) user() (*model.User, error) { return r.view.User(r.id("user")) }

func showUser(r *request, user *model.User) (any, error) {
	var groups []*model.Group
	for _, id := range user.Groups {
		if group, err := r.view.Group(id); err == nil {
			groups = append(groups, group)
		}
	}
	return r.page.ShowUser(user, "", groups), nil
}

var groupList = collection[*model.Group]{
	root: "groups", item: "group", kind: groupKind,
	rows: func(r *request) ([]*model.Group, error) { return r.view.Groups(), nil },
	show: showGroup,
}

var oneGroup = object("group", (*request).group, showGroup)

func (r *request) group() (*model.Group, error) { return r.view.Group(r.id("group")) }

func showGroup(r *request, group *model.Group) (any, error) { return r.page.ShowGroup(group, ""), nil }

// rolesOf makes list and fetch of the roles that somebody has on the system.
func rolesOf(name string, exists func(*request) error, show func(*request, *model.Role) (any, error)) (list, one handler) {
	rows := func(r *request) ([]*model.Role, error) {
		if err := exists(r); err != nil {
			return nil, err
		}
		return r.view.RolesOf(r.id(name)), nil
	}
	list = collection[*model.Role]{root: "roles", item: "role", rows: rows, show: show}.get
	one = object("role", func(r *request) (*model.Role, error) {
		all, err := rows(r)
		return pick(all, r.ids["role"], err, func(role *model.Role) *string { return new(string(role.ID)) })
	}, show)
	return list, one
}

// directories are the domains of users and machines; storage domains are others.
var directoryList = collection[*model.Domain]{
	root: "domains", item: "domain",
	rows: func(r *request) ([]*model.Domain, error) { return r.view.Domains(), nil },
	show: showDirectory,
}

var oneDirectory = object("domain", func(r *request) (*model.Domain, error) { return r.view.Domain(r.id("domain")) }, showDirectory)

func showDirectory(r *request, domain *model.Domain) (any, error) {
	return r.page.ShowDomain(domain), nil
}

var roleList = collection[*model.Role]{
	root: "roles", item: "role",
	rows: func(r *request) ([]*model.Role, error) { return r.view.Roles(), nil },
	show: showRole,
}

var oneRole = object("role", (*request).role, showRole)

func (r *request) role() (*model.Role, error) { return r.view.Role(r.id("role")) }

func showRole(r *request, role *model.Role) (any, error) { return r.page.ShowRole(role), nil }

var permitList = collection[v3.Permit]{
	root: "permits", item: "permit",
	rows: (*request).permits,
	show: showPermit,
}

var onePermit = object("permit", func(r *request) (v3.Permit, error) {
	all, err := r.permits()
	return pick(all, r.ids["permit"], err, func(p v3.Permit) *string { return p.ID })
}, showPermit)

func (r *request) permits() ([]v3.Permit, error) {
	role, err := r.role()
	if err != nil {
		return nil, err
	}
	return r.page.ShowPermits(role), nil
}

func showPermit(_ *request, permit v3.Permit) (any, error) { return permit, nil }

// permissions are those that are given on the whole system.
var permissionList = collection[*model.Permission]{
	root: "permissions", item: "permission",
	rows: func(r *request) ([]*model.Permission, error) { return r.permissionsOn(model.Ref{}), nil },
	show: showPermission,
}

var onePermission = object("permission", func(r *request) (*model.Permission, error) {
	return r.view.Permission(r.id("permission"))
}, showPermission)

func showPermission(r *request, permission *model.Permission) (any, error) {
	return r.page.ShowPermission(permission, ""), nil
}

func (r *request) permissionsOn(object model.Ref) []*model.Permission {
	var found []*model.Permission
	for _, permission := range r.view.Permissions() {
		if permission.Object == object {
			found = append(found, permission)
		}
	}
	return found
}

// permissionsOf makes list and fetch of the permissions on the object in the
// path. Those of a user or group are those given to it.
func permissionsOf(on holder, show func(*request, *model.Permission) (any, error)) (list, one handler) {
	kind, name, exists := on.kind, on.name, on.exists
	rows := func(r *request) ([]*model.Permission, error) {
		if err := exists(r); err != nil {
			return nil, err
		}
		if kind != model.KindUser && kind != model.KindGroup {
			return r.permissionsOn(model.Ref{Kind: kind, ID: r.id(name)}), nil
		}
		var found []*model.Permission
		for _, permission := range r.view.Permissions() {
			if permission.Holder() == r.id(name) {
				found = append(found, permission)
			}
		}
		return found, nil
	}
	list = collection[*model.Permission]{root: "permissions", item: "permission", rows: rows, show: show}.get
	one = object("permission", func(r *request) (*model.Permission, error) {
		all, err := rows(r)
		if err != nil {
			return nil, err
		}
		for _, permission := range all {
			if permission.ID == r.id("permission") {
				return permission, nil
			}
		}
		return nil, fault.Missing(string(r.id("permission")))
	}, show)
	return list, one
}

// existing makes the check of an object from the function that finds it.
func existing[T any](find func(*request) (T, error)) func(*request) error {
	return func(r *request) error {
		_, err := find(r)
		return err
	}
}
