package affinitygroups

import (
	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// room is what the verbs share.
type room struct{ *engine.Engine }

// AddParams are the Params of add: the cluster, and what fills the group.
type AddParams struct {
	Cluster model.ID
	Edit    engine.Edit[model.AffinityGroup]
}

// Member is the Params of attach and detach: the VM that comes or goes.
type Member struct{ VM model.ID }

// Commands are the rows for affinity groups. Target is the group. Params of add are
// [AddParams], of update an engine.Edit of the group, of attach and detach a
// [Member]. Result.Object is the group.
func Commands(e *engine.Engine) []engine.Command {
	r := &room{e}
	row := func(name, verb string, apply func(*inventory.Tx, *engine.Call) (model.Object, error)) engine.Command {
		return engine.Command{
			On: model.KindAffinityGroup, Name: name, Verb: verb, Needs: permit, Demands: demands, Locks: nothing,
			Paths: []engine.Path{{Name: name, Apply: apply}},
		}
	}
	return []engine.Command{
		row("add", "add affinity group", r.add),
		row("update", "edit affinity group", r.update),
		row("remove", "remove affinity group", r.remove),
		row("attach", "add VM to affinity group", r.attach),
		row("detach", "remove VM from affinity group", r.detach),
	}
}

const permit = "manipulate_affinity_groups"

// demands wants the permit on the cluster that the group is in, or is to be in.
func demands(tx *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	on := model.Ref{Kind: model.KindCluster}
	if params, ok := call.Params.(*AddParams); ok {
		on.ID = params.Cluster
	} else if group, ok := tx.AffinityGroups.Get(call.Target); ok {
		on.ID = group.Cluster
	}
	if on.ID == "" {
		on = model.Ref{}
	}
	return []engine.Demand{{Permit: permit, On: on}}, nil
}

// nothing: a group changes beside whatever a job does to its VMs.
func nothing(*inventory.Tx, *engine.Call) []model.Ref { return nil }

// missing is the refusal for params that are not those of the row.
func missing(call *engine.Call) error {
	return fault.New(fault.Invalid, call.Verb, "Nothing to do was given.")
}

func tell(tx *inventory.Tx, code audit.Code, call *engine.Call, group *model.AffinityGroup) {
	about := engine.AboutCaller(call)
	about.Detail = group.Name
	tx.Event(audit.New(code, about))
}
