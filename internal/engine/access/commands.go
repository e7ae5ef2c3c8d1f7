package access

import (
	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// room is what the verbs share.
type room struct{ *engine.Engine }

// apply is what a row does.
type apply = func(*inventory.Tx, *engine.Call) (model.Object, error)

// Commands are the rows for users, groups, roles and permissions. Params:
//
//   - add of a user or group: *PersonParams
//   - account_add, account_password: *AccountParams; the other account rows none
//   - add and update of a role: engine.Edit of the role
//   - add of a permission: *PermissionParams
//
// Target is the object; Result.Object is what was added or changed. The rows of
// accounts are about users of the domain internal, whether they were added to the
// system or not, and have no route.
func Commands(e *engine.Engine) []engine.Command {
	r := &room{e}
	row := func(on model.Kind, name, verb string, needs model.Permit, do apply) engine.Command {
		return engine.Command{
			On: on, Name: name, Verb: verb, Needs: needs, Locks: nothing,
			Paths: []engine.Path{{Name: name, Apply: do}},
		}
	}
	const users, roles, permissions = "manipulate_users", "manipulate_roles", "manipulate_permissions"
	grant := row(model.KindPermission, "add", "add permission", permissions, r.grant)
	grant.Demands = demandsOfGrant
	revoke := row(model.KindPermission, "remove", "remove permission", permissions, r.revoke)
	revoke.Demands = demandsOfRevoke
	return []engine.Command{
		row(model.KindUser, "add", "add user", users, r.addUser),
		row(model.KindUser, "remove", "remove user", users, r.removeUser),
		row(model.KindUser, "account_add", "add user to the directory", users, r.addAccount),
		row(model.KindUser, "account_password", "change the password of user", users, r.changePassword),
		row(model.KindUser, "account_disable", "disable user", users, r.disable),
		row(model.KindUser, "account_enable", "enable user", users, r.enable),
		row(model.KindUser, "account_remove", "remove user from the directory", users, r.removeAccount),
		row(model.KindGroup, "add", "add group", users, r.addGroup),
		row(model.KindGroup, "remove", "remove group", users, r.removeGroup),
		row(model.KindRole, "add", "add role", roles, r.addRole),
		row(model.KindRole, "update", "edit role", roles, r.updateRole),
		row(model.KindRole, "remove", "remove role", roles, r.removeRole),
		grant, revoke,
	}
}

// nothing: who may what changes beside whatever jobs do.
func nothing(*inventory.Tx, *engine.Call) []model.Ref { return nil }

func tell(tx *inventory.Tx, code audit.Code, call *engine.Call, detail string) {
	about := engine.AboutCaller(call)
	about.Detail = detail
	tx.Event(audit.New(code, about))
}
