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
// is the VM. Params of add and update are an engine.Edit of the tag; the others
// have none. Result.Object is the tag, or the VM for attach and detach.
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
		row("attach", "attach tag", r.attach),
		row("detach", "detach tag", r.detach),
	}
}

// nothing: a tag changes beside whatever a job does to the VM.
func nothing(*inventory.Tx, *engine.Call) []model.Ref { return nil }

func tell(tx *inventory.Tx, code audit.Code, call *engine.Call, tag *model.Tag, vm *model.VM) {
	about := audit.About{VM: vm, CorrelationID: call.CorrelationID, Detail: tag.Name}
	if call.Caller != nil {
		about.User, about.UserName = call.Caller.User, call.Caller.Name
	}
	tx.Event(audit.New(code, about))
}
