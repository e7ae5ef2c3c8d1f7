package engine

import (
	"cmp"
	"slices"

	"vireo/internal/auth"
	"vireo/internal/fault"
	"vireo/internal/model"
)

// EveryoneGroup is the group that every user is in. It is listed with the others
// and kept nowhere, for nothing of it can be changed.
func EveryoneGroup() *model.Group { return &model.Group{ID: auth.Everyone, Name: "Everyone"} }

// Users gives the users who were added to the system, by login. Those who may not
// see everything see themselves; those who may give permissions see whom to.
func (v *View) Users() []*model.User {
	return v.whichPeople(func(user *model.User) bool { return !user.Outside })
}

// Accounts gives the users of the domain internal, added to the system or not, for
// those who may see them.
func (v *View) Accounts() []*model.User {
	return v.whichPeople(func(user *model.User) bool { return user.Domain == auth.Internal })
}

func (v *View) whichPeople(is func(*model.User) bool) []*model.User {
	var found []*model.User
	for _, user := range v.engine.Inventory.Users.All() {
		if is(user) && v.seesPerson(user.ID) {
			found = append(found, user)
		}
	}
	return found
}

// User finds one user who was added to the system.
func (v *View) User(id model.ID) (*model.User, error) {
	user, err := one(v.engine.Inventory.Users, id)
	if err == nil && (user.Outside || !v.seesPerson(id)) {
		return nil, fault.Missing(string(id))
	}
	return user, err
}

// SeesPeople says whether the caller may see users and groups besides those that
// concern the caller: who may manage users, and who may give permissions on
// anything, since these have to say to whom.
func (v *View) SeesPeople() bool {
	if v.scope().everything {
		return true
	}
	records := v.engine.Records()
	return slices.ContainsFunc(records.PermissionsOf(v.caller.User), func(permission *model.Permission) bool {
		role, known := records.Role(permission.Role)
		return known && (auth.Holds(role, "manipulate_permissions") || auth.Holds(role, "manipulate_users"))
	})
}

func (v *View) seesPerson(id model.ID) bool {
	return v.SeesPeople() || id == v.caller.User || id == auth.Everyone ||
		slices.Contains(v.groupsOfCaller(), id)
}

func (v *View) groupsOfCaller() []model.ID {
	user, known := v.engine.Inventory.Users.Get(v.caller.User)
	if !known {
		return nil
	}
	return user.Groups
}

// Group finds one group.
func (v *View) Group(id model.ID) (*model.Group, error) {
	if id == auth.Everyone {
		return EveryoneGroup(), nil
	}
	group, err := one(v.engine.Inventory.Groups, id)
	if err == nil && !v.seesPerson(id) {
		return nil, fault.Missing(string(id))
	}
	return group, err
}

// Groups gives the groups that were added to the system, by name, and Everyone.
func (v *View) Groups() []*model.Group {
	found := []*model.Group{EveryoneGroup()}
	for _, group := range v.engine.Inventory.Groups.All() {
		if v.seesPerson(group.ID) {
			found = append(found, group)
		}
	}
	slices.SortFunc(found, func(a, b *model.Group) int { return cmp.Compare(a.ObjectName(), b.ObjectName()) })
	return found
}

// RolesOf gives the roles that a user or group was given on the system as a whole,
// by name.
func (v *View) RolesOf(holder model.ID) []*model.Role {
	var found []*model.Role
	for _, role := range v.Roles() {
		if slices.ContainsFunc(v.engine.grants().byHolder[holder], func(p *model.Permission) bool {
			return p.Role == role.ID && p.Object == model.Ref{}
		}) {
			found = append(found, role)
		}
	}
	return found
}

// Permission finds one permission.
func (v *View) Permission(id model.ID) (*model.Permission, error) {
	permission, err := one(v.engine.Inventory.Permissions, id)
	if err == nil && !v.seesPermission(permission) {
		return nil, fault.Missing(string(id))
	}
	return permission, err
}

// Permissions gives the permissions that were given to the caller, and those on
// objects that the caller may give permissions on.
func (v *View) Permissions() []*model.Permission {
	all := v.engine.Inventory.Permissions.All()
	if v.scope().everything {
		return all
	}
	var found []*model.Permission
	for _, permission := range all {
		if v.seesPermission(permission) {
			found = append(found, permission)
		}
	}
	return found
}

func (v *View) seesPermission(permission *model.Permission) bool {
	scope := v.scope()
	holder := permission.Holder()
	if scope.everything || holder == v.caller.User || holder == auth.Everyone || slices.Contains(v.groupsOfCaller(), holder) {
		return true
	}
	return auth.Allowed(v.engine.Records(), *v.caller, "manipulate_permissions", permission.Object, scope.tree.above(permission.Object)...)
}

// Tag finds one tag.
func (v *View) Tag(id model.ID) (*model.Tag, error) {
	tag, err := one(v.engine.Inventory.Tags, id)
	if err == nil && !v.seesTags() && !v.carried(id) {
		return nil, fault.Missing(string(id))
	}
	return tag, err
}

// Tags gives all tags, by name; to those who are no administrators, the ones of
// what they see.
func (v *View) Tags() []*model.Tag {
	all := v.engine.Inventory.Tags.All()
	if v.seesTags() {
		return all
	}
	var found []*model.Tag
	for _, tag := range all {
		if v.carried(tag.ID) {
			found = append(found, tag)
		}
	}
	return found
}

func (v *View) seesTags() bool { return v.scope().everything || v.scope().administrator }

func (v *View) carried(tag model.ID) bool {
	return tag == model.BlankID ||
		slices.ContainsFunc(v.VMs(), func(vm *model.VM) bool { return slices.Contains(vm.Tags, tag) }) ||
		slices.ContainsFunc(v.Templates(), func(t *model.Template) bool { return slices.Contains(t.Tags, tag) }) ||
		slices.ContainsFunc(v.Users(), func(user *model.User) bool { return slices.Contains(user.Tags, tag) }) ||
		slices.ContainsFunc(v.Groups(), func(group *model.Group) bool { return slices.Contains(group.Tags, tag) })
}
