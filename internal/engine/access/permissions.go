package access

import (
	"fmt"
	"slices"
	"strings"

	"vireo/internal/audit"
	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// PermissionParams say who is to get which role on what.
type PermissionParams struct {
	Role model.ID
	// User or Group is set; a user may be an account that was not added yet.
	User, Group model.ID
	// Object is the zero Ref for the system.
	Object model.Ref
}

// demandsOfGrant: whoever gives permissions on an object must be permitted to.
func demandsOfGrant(_ *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	params, ok := call.Params.(*PermissionParams)
	if !ok {
		params = &PermissionParams{}
	}
	return []engine.Demand{{Permit: "manipulate_permissions", On: params.Object}}, nil
}

func demandsOfRevoke(tx *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	permission, ok := tx.Permissions.Get(call.Target)
	if !ok {
		permission = &model.Permission{}
	}
	return []engine.Demand{{Permit: "manipulate_permissions", On: permission.Object}}, nil
}

// grant gives a role on an object; what was given already stays.
func (r *room) grant(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	params, ok := call.Params.(*PermissionParams)
	if !ok {
		return nil, fault.New(fault.Invalid, call.Verb, "Nothing to give was named.")
	}
	role, known := tx.Roles.Get(params.Role)
	if !known {
		return nil, fault.Missing("Role: id=" + string(params.Role))
	}
	holder, err := holderOf(tx, params)
	if err != nil {
		return nil, err
	}
	if params.Object != (model.Ref{}) {
		if _, there := engine.ObjectIn(tx, params.Object); !there {
			return nil, fault.Missing(string(params.Object.ID))
		}
	}
	if role.Administrative && !r.isSuperUser(call) {
		return nil, fault.New(fault.AdminRoles)
	}
	made := &model.Permission{ID: model.NewID(), Role: role.ID, User: params.User, Group: params.Group, Object: params.Object}
	for _, other := range tx.Permissions.All() {
		if other.Role == made.Role && other.Holder() == made.Holder() && other.Object == made.Object {
			return other, nil
		}
	}
	if account, ok := holder.(*model.User); ok {
		admitted(tx, call, account)
	}
	tx.Permissions.Put(made)
	tellPermission(tx, call, made, "was given")
	return made, nil
}

func holderOf(tx *inventory.Tx, params *PermissionParams) (model.Object, error) {
	ref := model.Ref{Kind: model.KindUser, ID: params.User}
	if params.Group != "" {
		ref = model.Ref{Kind: model.KindGroup, ID: params.Group}
	}
	holder, known := engine.ObjectIn(tx, ref)
	if !known || params.User != "" && params.Group != "" {
		return nil, fault.Missing(strings.ToUpper(string(ref.Kind[:1])) + string(ref.Kind[1:]) + ": id=" + string(ref.ID))
	}
	return holder, nil
}

// isSuperUser says whether the caller may do everything: only those may make
// others administrators, and take that away.
func (r *room) isSuperUser(call *engine.Call) bool {
	return call.Caller == nil || slices.ContainsFunc(r.Records().PermissionsOf(call.Caller.User), func(p *model.Permission) bool {
		return p.Role == auth.SuperUser && p.Object == model.Ref{}
	})
}

// revoke takes a role on an object away.
func (r *room) revoke(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	permission, _ := tx.Permissions.Get(call.Target)
	if role, known := tx.Roles.Get(permission.Role); known && role.Administrative && !r.isSuperUser(call) {
		return nil, fault.New(fault.AdminRoles)
	}
	tx.Permissions.Delete(permission.ID)
	if permission.Role == auth.SuperUser {
		if err := keepsSuperUser(tx, call.Verb); err != nil {
			return nil, err
		}
	}
	tellPermission(tx, call, permission, "was taken away")
	return permission, nil
}

func tellPermission(tx *inventory.Tx, call *engine.Call, permission *model.Permission, what string) {
	code := map[bool]audit.Code{true: audit.PermissionAdded, false: audit.PermissionRemoved}[what == "was given"]
	on := "on the system"
	if permission.Object == (model.Ref{}) {
		code = map[bool]audit.Code{true: audit.SystemPermissionAdded, false: audit.SystemPermissionRemoved}[what == "was given"]
	} else {
		on = fmt.Sprintf("on the %s %s", strings.ReplaceAll(string(permission.Object.Kind), "_", " "), engine.NameIn(tx, permission.Object))
	}
	about := engine.AboutCaller(call)
	engine.FillAbout(tx, &about, permission.Object)
	holder := model.Ref{Kind: model.KindUser, ID: permission.User}
	if permission.Group != "" {
		holder = model.Ref{Kind: model.KindGroup, ID: permission.Group}
	}
	about.Detail = fmt.Sprintf("The role %s %s %s %s %s",
		engine.NameIn(tx, model.Ref{Kind: model.KindRole, ID: permission.Role}), on, what,
		map[bool]string{true: "to", false: "from"}[what == "was given"], engine.NameIn(tx, holder))
	tx.Event(audit.New(code, about))
}
