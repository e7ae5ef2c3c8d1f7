package hosts

import (
	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// room is what the verbs share.
type room struct{ *engine.Engine }

// Commands are the rows for hosts. Target is the host, and so is Result.Object.
// Params of add and update are an engine.Edit of the host, of remove RemoveParams,
// of deactivate DeactivateParams; the others have none. To cut hosts off is in package
// fencing.
func Commands(e *engine.Engine) []engine.Command {
	r := &room{e}
	return []engine.Command{
		{
			On: model.KindHost, Name: "add", Verb: "add Host", Needs: "create_host", Demands: demandsOfAdd, Locks: nothing,
			Paths: []engine.Path{{Name: "add", Apply: r.add}},
		},
		{
			On: model.KindHost, Name: "update", Verb: "edit Host", Needs: "edit_host_configuration", Demands: demandsOfUpdate,
			Paths: []engine.Path{{Name: "update", Apply: r.update}},
		},
		{
			On: model.KindHost, Name: "remove", Verb: "remove Host", Needs: "delete_host",
			Paths: []engine.Path{{Name: "remove", Apply: r.remove}},
		},
		{
			On: model.KindHost, Name: "activate", Verb: "activate Host", Needs: "manipulate_host",
			Paths: []engine.Path{{Name: "activate", Apply: r.activate}},
		},
		{
			On: model.KindHost, Name: "deactivate", Verb: "switch Host to Maintenance mode", Needs: "manipulate_host",
			Paths: []engine.Path{{Name: "deactivate", Apply: r.deactivate}},
		},
		{
			On: model.KindHost, Name: "refresh", Verb: "refresh capabilities of Host", Needs: "manipulate_host", Check: r.checkRefresh,
			Paths: []engine.Path{{
				Name: "refresh", Title: "Refreshing capabilities of Host {name}", Settle: r.refreshed,
				Steps: []job.Step{{Name: "read", Title: "Reading what the host is", Do: r.read, Lasting: true}},
			}},
		},
	}
}

// nothing: a host that is made is held by nobody.
func nothing(*inventory.Tx, *engine.Call) []model.Ref { return nil }

// RemoveParams are the Params of remove.
type RemoveParams struct {
	// Force removes a host also when it cannot be reached or used; never one that
	// VMs may run on.
	Force bool
}

func forced(call *engine.Call) bool {
	params, ok := call.Params.(*RemoveParams)
	return ok && params != nil && params.Force
}

// demandsOfAdd: the cluster gets the host.
func demandsOfAdd(_ *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	wanted := &model.Host{}
	if edit, ok := call.Params.(engine.Edit[model.Host]); ok && edit != nil {
		if err := edit(wanted); err != nil {
			return nil, err
		}
	}
	on := model.Ref{}
	if wanted.Cluster != "" {
		on = model.Ref{Kind: model.KindCluster, ID: wanted.Cluster}
	}
	return []engine.Demand{{Permit: "create_host", On: on}}, nil
}

// demandsOfUpdate: who moves a host to another cluster adds it there.
func demandsOfUpdate(tx *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	demands := []engine.Demand{{Permit: "edit_host_configuration", On: model.Ref{Kind: model.KindHost, ID: call.Target}}}
	old, known := tx.Hosts.Get(call.Target)
	edit, ok := call.Params.(engine.Edit[model.Host])
	if !known || !ok || edit == nil {
		return demands, nil
	}
	wanted := model.Clone(old)
	if err := edit(wanted); err != nil {
		return nil, err
	}
	if wanted.Cluster != old.Cluster {
		demands = append(demands, engine.Demand{Permit: "create_host", On: model.Ref{Kind: model.KindCluster, ID: wanted.Cluster}})
	}
	return demands, nil
}

// tell writes an event of a call about a host.
func tell(tx *inventory.Tx, code audit.Code, call *engine.Call, on *model.Host, detail string) {
	about := engine.AboutCaller(call)
	about.Host, about.Detail = on, detail
	tx.Event(audit.New(code, about))
}
