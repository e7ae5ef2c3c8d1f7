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
	chain := chainOf(tx, demand.On)
	return auth.Allowed(e.Records(), *caller, demand.Permit, chain[0], chain[1:]...)
}

// chainOf is the object and what contains it, up to the data center.
func chainOf(tx *inventory.Tx, ref model.Ref) []model.Ref {
	chain := []model.Ref{ref}
	cluster := model.ID("")
	switch ref.Kind {
	case model.KindVM:
		if vm, ok := tx.VMs.Get(ref.ID); ok {
			cluster = vm.Cluster
		}
	case model.KindHost:
		if host, ok := tx.Hosts.Get(ref.ID); ok {
			cluster = host.Cluster
		}
	case model.KindTemplate:
		if template, ok := tx.Templates.Get(ref.ID); ok {
			cluster = template.Cluster
		}
	case model.KindCluster:
		cluster = ref.ID
	case model.KindDisk:
		if disk, ok := tx.Disks.Get(ref.ID); ok {
			chain = append(chain, model.Ref{Kind: model.KindStorageDomain, ID: disk.StorageDomain})
			if domain, ok := tx.StorageDomains.Get(disk.StorageDomain); ok {
				chain = append(chain, model.Ref{Kind: model.KindDataCenter, ID: domain.DataCenter})
			}
		}
	case model.KindStorageDomain:
		if domain, ok := tx.StorageDomains.Get(ref.ID); ok {
			chain = append(chain, model.Ref{Kind: model.KindDataCenter, ID: domain.DataCenter})
		}
	}
	if cluster == "" {
		return chain
	}
	if ref.Kind != model.KindCluster {
		chain = append(chain, model.Ref{Kind: model.KindCluster, ID: cluster})
	}
	if found, ok := tx.Clusters.Get(cluster); ok {
		chain = append(chain, model.Ref{Kind: model.KindDataCenter, ID: found.DataCenter})
	}
	return chain
}

// Records is what auth reads: users, roles and permissions in memory.
func (e *Engine) Records() auth.Records { return records{e.Inventory} }

type records struct{ inventory *inventory.Inventory }

func (r records) PermissionsOf(user model.ID) []*model.Permission {
	var given []*model.Permission
	for _, permission := range r.inventory.Permissions.All() {
		if permission.User == user {
			given = append(given, permission)
		}
	}
	return given
}

func (r records) Role(id model.ID) (*model.Role, bool) { return r.inventory.Roles.Get(id) }

func (r records) User(id model.ID) (*model.User, bool) { return r.inventory.Users.Get(id) }

func (r records) UserNamed(name, domain string) (*model.User, bool) {
	for _, user := range r.inventory.Users.Named(name + "@" + domain) {
		return user, true
	}
	return nil, false
}
