package clusters

import (
	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// room is what the verbs share.
type room struct{ *engine.Engine }

// Commands are the rows for clusters and data centers. Target is the cluster or the
// data center, and so is Result.Object; Params of add and update are an engine.Edit of
// it, remove has none. Data centers are changed by package networks.
func Commands(e *engine.Engine) []engine.Command {
	r := &room{e}
	row := func(on model.Kind, name, verb string, needs model.Permit, apply func(*inventory.Tx, *engine.Call) (model.Object, error)) engine.Command {
		return engine.Command{On: on, Name: name, Verb: verb, Needs: needs, Locks: nothing, Paths: []engine.Path{{Name: name, Apply: apply}}}
	}
	add := row(model.KindCluster, "add", "add Cluster", "create_cluster", r.add)
	add.Demands = demandsOfAdd
	return []engine.Command{
		row(model.KindDataCenter, "add", "add Data Center", "create_storage_pool", r.addCenter),
		row(model.KindDataCenter, "remove", "remove Data Center", "delete_storage_pool", r.removeCenter),
		add,
		row(model.KindCluster, "update", "edit cluster", "edit_cluster_configuration", r.update),
		row(model.KindCluster, "remove", "remove Cluster", "delete_cluster", r.remove),
	}
}

// nothing: a cluster changes beside whatever jobs do in it.
func nothing(*inventory.Tx, *engine.Call) []model.Ref { return nil }

// demandsOfAdd: the data center gets the cluster.
func demandsOfAdd(_ *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	wanted, err := edited(call, model.Cluster{})
	if err != nil {
		return nil, err
	}
	on := model.Ref{}
	if wanted.DataCenter != "" {
		on = model.Ref{Kind: model.KindDataCenter, ID: wanted.DataCenter}
	}
	return []engine.Demand{{Permit: "create_cluster", On: on}}, nil
}

// edited is what the edit of a call makes of a value.
func edited[T any](call *engine.Call, of T) (*T, error) {
	edit, ok := call.Params.(engine.Edit[T])
	if !ok || edit == nil {
		return nil, fault.New(fault.Invalid, call.Verb, "Nothing was given.")
	}
	wanted := model.Clone(&of)
	return wanted, edit(wanted)
}

func tell(tx *inventory.Tx, code audit.Code, call *engine.Call, name string) {
	about := engine.AboutCaller(call)
	about.Detail = name
	tx.Event(audit.New(code, about))
}
