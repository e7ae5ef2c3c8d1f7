package clusters

import (
	"vireo/internal/engine"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// room is what the verbs share.
type room struct{ *engine.Engine }

// Commands are the rows for clusters. Target is the cluster, Params an engine.Edit
// of it, Result.Object the cluster.
func Commands(e *engine.Engine) []engine.Command {
	r := &room{e}
	return []engine.Command{{
		On: model.KindCluster, Name: "update", Verb: "edit cluster", Needs: "edit_cluster_configuration", Locks: nothing,
		Paths: []engine.Path{{Name: "update", Apply: r.update}},
	}}
}

// nothing: a cluster changes beside whatever jobs do in it.
func nothing(*inventory.Tx, *engine.Call) []model.Ref { return nil }
