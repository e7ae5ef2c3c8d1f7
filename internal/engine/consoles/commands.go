package consoles

import (
	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// The permits to sit before a guest, and to do so though somebody else does.
const (
	connect       model.Permit = "connect_to_vm"
	connectSerial model.Permit = "connect_to_serial_console"
)

// PassParams are the Params of proxyticket and serialticket, which fill them in.
type PassParams struct {
	// Pass opens one connection (see [Room.Open]).
	Pass string
}

// showing are the statuses in which a guest can be seen (api-v3 4.3).
var showing = []model.Status{
	model.StatusUp, model.StatusPaused, model.StatusPoweringUp, model.StatusPoweringDown, model.StatusRebootInProgress,
}

// Commands are the rows of a room of its own, for those who open no consoles.
func Commands(e *engine.Engine) []engine.Command { return New(e).Commands() }

// Commands are the rows that give out passes: to the display (api-v4 5.2, proxyticket),
// and to the serial console, which the engine of old led to by a proxy of its own.
func (r *Room) Commands() []engine.Command {
	return []engine.Command{
		{
			On: model.KindVM, Name: "proxyticket", Verb: "connect to the display of", Needs: connect, Unmonitored: true,
			Refuse: refusePass, Locks: noLocks, Check: checkDisplay,
			Paths: []engine.Path{{Name: "give", From: showing, Apply: r.give(host.ConsoleDisplay), Done: audit.ConsolePassGiven}},
		},
		{
			On: model.KindVM, Name: "serialticket", Verb: "connect to the serial console of", Needs: connectSerial, Unmonitored: true,
			Refuse: refusePass, Locks: noLocks, Check: checkSerial,
			Paths: []engine.Path{{Name: "give", From: showing, Apply: r.give(host.ConsoleSerial), Done: audit.ConsolePassGiven}},
		},
	}
}

func refusePass(verb string, status model.Status) *fault.Fault {
	return fault.New(fault.VMStatusIllegal, verb, lifecycle.Label(status))
}

// noLocks: whoever watches a VM is in nobody's way.
func noLocks(*inventory.Tx, *engine.Call) []model.Ref { return nil }

func checkDisplay(tx *inventory.Tx, call *engine.Call) error {
	vm, ok := tx.VMs.Get(call.Target)
	switch {
	case ok && vm.Run.DisplayType == "":
		return fault.New(fault.NoConsole, "display")
	case ok && vm.Run.DisplayType != model.DisplayVNC: // which the engine's way to displays speaks
		return fault.New(fault.NoConsole, "VNC display")
	}
	return nil
}

func checkSerial(tx *inventory.Tx, call *engine.Call) error {
	if vm, ok := tx.VMs.Get(call.Target); ok && !vm.Console {
		return fault.New(fault.NoConsole, "serial console")
	}
	return nil
}

// give makes a pass for the caller.
func (r *Room) give(console host.Console) func(*inventory.Tx, *engine.Call) (model.Object, error) {
	return func(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
		params, ok := call.Params.(*PassParams)
		if !ok || params == nil {
			params = &PassParams{}
			call.Params = params
		}
		if call.Caller == nil {
			return nil, nil // the engine itself sits before no guest
		}
		vm, _ := tx.VMs.Get(call.Target)
		token, err := r.passes.give(&pass{
			vm: vm.ID, epoch: vm.Run.Epoch, console: console, caller: call.Caller.Without(), ticket: r.tickets.of(vm.ID),
		})
		params.Pass = token
		return nil, err
	}
}
