package storage

import (
	"vireo/internal/engine"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// room is what the verbs share.
type room struct{ *engine.Engine }

// Commands are the rows for storage domains. Target is the domain, and so is
// Result.Object. Which statuses of the domain allow a row is said in statuses.
func Commands(e *engine.Engine) []engine.Command {
	r := &room{e}
	connect := job.Step{Name: "connect", Title: "Connecting the storage", Do: r.connect, Undo: r.unconnect}
	disconnect := job.Step{Name: "disconnect", Title: "Disconnecting the storage", Do: r.disconnect, Lasting: true}
	return []engine.Command{
		{
			On: model.KindStorageDomain, Name: "add", Verb: "add Storage", Needs: "create_storage_domain",
			Locks: nothing, Check: r.checkAdd,
			Paths: []engine.Path{
				{
					Name: "import", When: imports, Title: "Importing Storage Domain {name}", Apply: r.enter, Settle: r.added,
					Steps: []job.Step{
						connect,
						{Name: "take", Title: "Taking over the storage domain", Do: r.describe, Lasting: true},
						disconnect,
					},
				},
				{
					Name: "new", Title: "Adding Storage Domain {name}", Apply: r.enter, Settle: r.added,
					Steps: []job.Step{
						connect,
						{Name: "format", Title: "Making the storage domain", Do: r.format, Undo: r.erase},
						disconnect,
					},
				},
			},
		},
		{
			On: model.KindStorageDomain, Name: "update", Verb: "edit Storage", Needs: "edit_storage_domain_configuration",
			Paths: []engine.Path{{Name: "update", Apply: r.update}},
		},
		{
			On: model.KindStorageDomain, Name: "remove", Verb: "remove Storage", Needs: "delete_storage_domain", Check: r.checkRemove,
			Paths: []engine.Path{
				{
					Name: "destroy", When: destroys, Title: "Destroying Storage Domain {name}", Apply: r.destroy, Settle: r.removed,
					Steps: []job.Step{{Name: "disconnect", Title: "Disconnecting the storage", Do: r.letGo, Lasting: true}},
				},
				{
					Name: "format", When: formats, Title: "Removing Storage Domain {name}", Apply: r.lock, Settle: r.removed,
					Steps: []job.Step{
						connect,
						{Name: "erase", Title: "Deleting what is in it", Do: r.erase, Lasting: true},
						disconnect,
					},
				},
				{Name: "keep", Apply: r.forget},
			},
		},
		{
			On: model.KindStorageDomain, Name: "attach", Verb: "attach Storage", Needs: "manipulate_storage_domain",
			Demands: demandsOfAttach, Locks: withDataCenter, Check: r.checkAttach,
			Paths: []engine.Path{{
				Name: "attach", Title: "Attaching Storage Domain {name}", Apply: r.attach, Settle: r.attached,
				Steps: []job.Step{
					connect,
					{Name: "claim", Title: "Writing the data center into it", Do: r.claim, Undo: r.release},
				},
			}},
		},
		{
			On: model.KindStorageDomain, Name: "detach", Verb: "detach Storage", Needs: "manipulate_storage_domain",
			Locks: withDataCenter, Check: r.checkDetach,
			Paths: []engine.Path{{
				Name: "detach", Title: "Detaching Storage Domain {name}", Apply: r.detach, Settle: r.detached,
				Steps: []job.Step{
					connect,
					{Name: "release", Title: "Taking the data center out of it", Do: r.release, Lasting: true},
					disconnect,
				},
			}},
		},
		{
			On: model.KindStorageDomain, Name: "activate", Verb: "activate Storage", Needs: "manipulate_storage_domain",
			Locks: withDataCenter, Check: checkStatus("activate"),
			Paths: []engine.Path{{
				Name: "activate", Title: "Activating Storage Domain {name}", Apply: r.activate, Settle: r.activated,
				Steps: []job.Step{
					connect,
					{Name: "check", Title: "Looking at the storage domain", Do: r.look, Lasting: true},
				},
			}},
		},
		{
			On: model.KindStorageDomain, Name: "deactivate", Verb: "deactivate Storage", Needs: "manipulate_storage_domain",
			Locks: withDataCenter, Check: r.checkDeactivate,
			Paths: []engine.Path{{
				Name: "deactivate", Title: "Deactivating Storage Domain {name}", Apply: r.deactivate, Settle: r.deactivated,
				Steps: []job.Step{disconnect},
			}},
		},
		{
			On: model.KindDisk, Name: "register", Verb: "register disk", Needs: "create_disk", Demands: demandsOfRegister, Locks: nothing,
			Paths: []engine.Path{{Name: "record", Apply: r.register}},
		},
	}
}

// statuses are those of a domain that allow a command (api-v3 6.3). Destroying a
// domain is allowed in any.
var statuses = map[string][]model.StorageDomainStatus{
	"remove":     {model.StorageDomainUnattached},
	"attach":     {model.StorageDomainUnattached},
	"detach":     {model.StorageDomainMaintenance},
	"activate":   {model.StorageDomainMaintenance, model.StorageDomainInactive},
	"deactivate": {model.StorageDomainActive, model.StorageDomainInactive},
}

// nothing is for commands whose job locks the new object alone.
func nothing(*inventory.Tx, *engine.Call) []model.Ref { return nil }

// withDataCenter: which domain is the master is a matter of all those of a data
// center.
func withDataCenter(tx *inventory.Tx, call *engine.Call) []model.Ref {
	refs := []model.Ref{{Kind: model.KindStorageDomain, ID: call.Target}}
	center := attachTo(call)
	if domain, ok := tx.StorageDomains.Get(call.Target); ok && center == "" {
		center = domain.DataCenter
	}
	if center != "" {
		refs = append(refs, model.Ref{Kind: model.KindDataCenter, ID: center})
	}
	return refs
}

// demandsOfAttach: the data center gets the domain, so it counts too.
func demandsOfAttach(_ *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	return []engine.Demand{
		{Permit: "manipulate_storage_domain", On: model.Ref{Kind: model.KindStorageDomain, ID: call.Target}},
		{Permit: "manipulate_storage_domain", On: model.Ref{Kind: model.KindDataCenter, ID: attachTo(call)}},
	}, nil
}
