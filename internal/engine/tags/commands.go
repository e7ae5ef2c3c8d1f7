package tags

import (
	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// room is what the verbs share.
type room struct{ *engine.Engine }

// Commands are the rows for tags. Target is the tag; for attach and detach Parent
// is the VM, or Params are [*CarrierParams]. Params of add and update are an engine.Edit
// of the tag; remove has none. Result.Object is the tag, or what carries it for attach
// and detach.
func Commands(e *engine.Engine) []engine.Command {
	r := &room{e}
	row := func(name, verb string, apply func(*inventory.Tx, *engine.Call) (model.Object, error)) engine.Command {
		return engine.Command{
			On: model.KindTag, Name: name, Verb: verb, Needs: "tag_management", Locks: nothing,
			Paths: []engine.Path{{Name: name, Apply: apply}},
		}
	}
	return []engine.Command{
		row("add", "add tag", r.add),
		row("update", "edit tag", r.update),
		row("remove", "remove tag", r.remove),
		onCarrier(row("attach", "attach tag", r.attach)),
		onCarrier(row("detach", "detach tag", r.detach)),
	}
}

// nothing: a tag changes beside whatever a job does to the VM.
func nothing(*inventory.Tx, *engine.Call) []model.Ref { return nil }

// onCarrier: who puts a tag on an object needs the permit there.
func onCarrier(row engine.Command) engine.Command {
	row.Demands = func(_ *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
		return []engine.Demand{{Permit: row.Needs, On: onWhat(call)}}, nil
	}
	return row
}

func tell(tx *inventory.Tx, code audit.Code, call *engine.Call, tag *model.Tag) {
	about := engine.AboutCaller(call)
	about.Detail = tag.Name
	tx.Event(audit.New(code, about))
}
