package options

import (
	"vireo/internal/engine"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// room is what the verbs share.
type room struct{ *engine.Engine }

// Commands are the rows for engine options. They have no Target: options are
// known by name.
func Commands(e *engine.Engine) []engine.Command {
	r := &room{e}
	return []engine.Command{{
		On: model.KindOption, Name: "set", Verb: "set option", Needs: "configure_engine", Locks: nothing,
		Paths: []engine.Path{{Name: "set", Apply: r.set}},
	}}
}

func nothing(*inventory.Tx, *engine.Call) []model.Ref { return nil }
