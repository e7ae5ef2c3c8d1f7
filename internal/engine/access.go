package engine

import (
	"slices"

	"vireo/internal/auth"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// allowed is asked for every command: the permit of its row, on the object or on
// what will contain it. Calls of the engine itself have no caller.
func (e *Engine) allowed(tx *inventory.Tx, command *Command, call *Call) (bool, error) {
	if call.Caller == nil {
		return true, nil
	}
	if command.Demands != nil {
		demands, err := command.Demands(tx, call)
		return !slices.ContainsFunc(demands, func(demand Demand) bool {
			return !e.permitted(tx, call.Caller, demand)
		}), err
	}
	ref := model.Ref{Kind: command.On, ID: call.Target}
	if call.Parent != "" {
		ref = model.Ref{Kind: model.KindVM, ID: call.Parent}
	}
	return e.permitted(tx, call.Caller, Demand{command.Needs, ref}), nil
}

func (e *Engine) permitted(tx *inventory.Tx, caller *auth.Caller, demand Demand) bool {
	// What is held on the system, as by administrators, needs no look at the tree.
	return auth.Allowed(e.Records(), *caller, demand.Permit, model.Ref{}) ||
		auth.Allowed(e.Records(), *caller, demand.Permit, demand.On, treeOf(tx).above(demand.On)...)
}

// Permits says whether a caller holds a permit on an object as it is now, for those
// who show what only some may see. Nil, the engine itself, holds all.
func (e *Engine) Permits(caller *auth.Caller, permit model.Permit, on model.Ref) bool {
	return caller == nil || auth.Allowed(e.Records(), *caller, permit, on, treeNow(e.Inventory).above(on)...)
}

// Records is what auth reads: users, roles and permissions in memory.
func (e *Engine) Records() auth.Records { return records{e} }

type records struct{ engine *Engine }

// grants are all permissions by who was given them.
type grants struct {
	of       []*model.Permission
	byHolder map[model.ID][]*model.Permission
}

// grants gives the index of the permissions as they are. The table replaces its
// list at each change, so an index is as good as the list it was made of.
func (e *Engine) grants() *grants {
	all := e.Inventory.Permissions.All()
	made := e.index.Load()
	if made != nil && len(made.of) == len(all) && (len(all) == 0 || &made.of[0] == &all[0]) {
		return made
	}
	fresh := &grants{of: all, byHolder: make(map[model.ID][]*model.Permission)}
	for _, permission := range all {
		fresh.byHolder[permission.Holder()] = append(fresh.byHolder[permission.Holder()], permission)
	}
	e.index.Store(fresh)
	return fresh
}

func (r records) PermissionsOf(id model.ID) []*model.Permission {
	index := r.engine.grants()
	given := slices.Concat(index.byHolder[id], index.byHolder[auth.Everyone])
	if user, known := r.engine.Inventory.Users.Get(id); known {
		for _, group := range user.Groups {
			given = append(given, index.byHolder[group]...)
		}
	}
	return given
}

func (r records) Role(id model.ID) (*model.Role, bool) { return r.engine.Inventory.Roles.Get(id) }

// User leaves out those whose directory is asked no more: their sessions are over.
func (r records) User(id model.ID) (*model.User, bool) {
	user, known := r.engine.Inventory.Users.Get(id)
	if known && user.Domain != auth.Internal {
		_, known = r.engine.Source(user.Domain)
	}
	return user, known
}

func (r records) UserNamed(name, domain string) (*model.User, bool) {
	for _, user := range r.engine.Inventory.Users.Named(name + "@" + domain) {
		if user.Name == name { // a@b in c is not a in b@c
			return user, true
		}
	}
	return nil, false
}
