package access

import (
	"context"
	"slices"

	"vireo/internal/audit"
	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// PersonParams name the user or group of a directory that is to be added.
type PersonParams struct {
	// Domain is the name of the directory; Name the login or name in it. Entry is
	// the id that the engine has for it, when that is given in place of a name.
	Domain, Name string
}

// addUser adds a user of a directory to the system; one who is there stays.
func (r *room) addUser(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	params, ok := call.Params.(*PersonParams)
	if !ok {
		return nil, fault.New(fault.Invalid, call.Verb, "Nobody to add was named.")
	}
	if params.Domain == auth.Internal {
		account, known := accountNamed(tx, params.Name)
		if !known {
			return nil, NoSuchUser(params)
		}
		return admitted(tx, call, account), nil
	}
	entry, err := r.find(call, model.KindUser, params)
	if err != nil {
		return nil, err
	}
	if entry == nil {
		return nil, NoSuchUser(params)
	}
	if known, there := tx.Users.Get(entry.Ref().ID); there {
		return known, nil
	}
	user := engine.UserOf(entry)
	tx.Users.Put(user)
	tell(tx, audit.UserAdded, call, user.ObjectName())
	return user, nil
}

// admitted adds an account of the domain internal to the system.
func admitted(tx *inventory.Tx, call *engine.Call, account *model.User) *model.User {
	if !account.Outside {
		return account
	}
	user, _ := tx.Users.Edit(account.ID)
	user.Outside = false
	tell(tx, audit.UserAdded, call, user.ObjectName())
	return user
}

// find asks a directory, outside of the transaction.
func (r *room) find(call *engine.Call, kind model.Kind, params *PersonParams) (*auth.Entry, error) {
	source, known := r.Source(params.Domain)
	if !known {
		return nil, fault.Missing("Domain: name=" + params.Domain)
	}
	entry, err := engine.Outside(call, string(kind), func(ctx context.Context) (*auth.Entry, error) {
		return source.Find(ctx, kind, params.Name)
	})
	return entry, engine.DirectoryFault(params.Domain, err)
}

// removeUser takes a user out of the system, with all permissions given to that
// user. An account of the domain internal stays in the directory.
func (r *room) removeUser(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	user, _ := tx.Users.Get(call.Target)
	if user.Outside {
		return nil, fault.Missing(string(user.ID))
	}
	if err := r.takeAll(tx, call, user.ID); err != nil {
		return nil, err
	}
	if user.Domain == auth.Internal {
		edited, _ := tx.Users.Edit(user.ID)
		edited.Outside, edited.Tags = true, nil
	} else {
		tx.Users.Delete(user.ID)
	}
	tell(tx, audit.UserRemoved, call, user.ObjectName())
	return user, nil
}

// takeAll removes the permissions of somebody, unless nobody would be left who may
// do everything.
func (r *room) takeAll(tx *inventory.Tx, call *engine.Call, holder model.ID) error {
	for _, permission := range tx.Permissions.All() {
		if permission.Holder() == holder {
			tx.Permissions.Delete(permission.ID)
		}
	}
	return keepsSuperUser(tx, call.Verb)
}

// keepsSuperUser refuses what would leave nobody who may do everything: a user of
// the domain internal who is not disabled, since others may not be able to log in.
func keepsSuperUser(tx *inventory.Tx, verb string) error {
	is := func(permission *model.Permission) bool {
		user, known := tx.Users.Get(permission.User)
		return permission.Role == auth.SuperUser && permission.Object == model.Ref{} &&
			known && user.Domain == auth.Internal && !user.Disabled
	}
	if !slices.ContainsFunc(tx.Permissions.All(), is) {
		return fault.New(fault.LastSuperUser, verb)
	}
	return nil
}

// addGroup adds a group of a directory to the system; one that is there stays.
func (r *room) addGroup(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	params, ok := call.Params.(*PersonParams)
	if !ok {
		return nil, fault.New(fault.Invalid, call.Verb, "No group to add was named.")
	}
	if params.Domain == auth.Internal {
		return nil, noSuchGroup(params)
	}
	entry, err := r.find(call, model.KindGroup, params)
	if err != nil {
		return nil, err
	}
	if entry == nil {
		return nil, noSuchGroup(params)
	}
	if known, there := tx.Groups.Get(entry.Ref().ID); there {
		return known, nil
	}
	group := &model.Group{
		ID: entry.Ref().ID, Name: entry.Name, Domain: entry.Domain, Entry: entry.ID, Namespace: entry.Namespace,
	}
	tx.Groups.Put(group)
	tell(tx, audit.GroupAdded, call, group.ObjectName())
	return group, nil
}

// removeGroup takes a group out of the system, with all permissions given to it.
func (r *room) removeGroup(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	if call.Target == auth.Everyone {
		return nil, fault.New(fault.StateConflict, call.Verb, "The group Everyone cannot be removed.")
	}
	group, _ := tx.Groups.Get(call.Target)
	if err := r.takeAll(tx, call, group.ID); err != nil {
		return nil, err
	}
	tx.Groups.Delete(group.ID)
	tell(tx, audit.GroupRemoved, call, group.ObjectName())
	return group, nil
}

// NoSuchUser is the refusal for somebody whom a directory does not know (api-v3
// 6.4).
func NoSuchUser(params *PersonParams) *fault.Fault {
	return bare(fault.New(fault.NoSuchUser, params.Name, params.Domain))
}

func noSuchGroup(params *PersonParams) *fault.Fault {
	return bare(fault.New(fault.NoSuchGroup, params.Name, params.Domain))
}

// bare is a refusal without the brackets of commands.
func bare(refusal *fault.Fault) *fault.Fault {
	refusal.Command = false
	return refusal
}
