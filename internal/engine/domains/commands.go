package domains

import (
	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// room is what the verbs share.
type room struct{ *engine.Engine }

// Commands are the rows for domains. Target is the domain. Params of add and
// update are an engine.Edit of the domain, whose password it gives sealed; remove
// has none. Result.Object is the domain.
func Commands(e *engine.Engine) []engine.Command {
	r := &room{e}
	row := func(name, verb string, apply func(*inventory.Tx, *engine.Call) (model.Object, error)) engine.Command {
		return engine.Command{
			On: model.KindDomain, Name: name, Verb: verb, Needs: "configure_engine", Locks: nothing,
			Paths: []engine.Path{{Name: name, Apply: apply}},
		}
	}
	return []engine.Command{
		row("add", "add domain", r.add),
		row("update", "edit domain", r.update),
		row("remove", "remove domain", r.remove),
	}
}

// nothing: a start reads a domain once, so that no job holds one.
func nothing(*inventory.Tx, *engine.Call) []model.Ref { return nil }

func tell(tx *inventory.Tx, code audit.Code, call *engine.Call, domain *model.Domain) {
	about := audit.About{CorrelationID: call.CorrelationID, Detail: domain.Name}
	if call.Caller != nil {
		about.User, about.UserName = call.Caller.User, call.Caller.Name
	}
	tx.Event(audit.New(code, about))
}
