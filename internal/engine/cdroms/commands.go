package cdroms

import (
	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// room is what the verbs share.
type room struct{ *engine.Engine }

// running are the statuses in which a guest's medium can be changed.
var running = []model.Status{
	model.StatusUp, model.StatusPoweringUp, model.StatusPaused, model.StatusRebootInProgress, model.StatusPoweringDown,
}

// Commands are the rows for CD drives. Parent is the VM; Target is all zeros and
// not looked at; Result.Object is the VM.
func Commands(e *engine.Engine) []engine.Command {
	r := &room{e}
	row := func(name string, check func(*inventory.Tx, *engine.Call) error) engine.Command {
		return engine.Command{
			On: model.KindCDROM, Name: name, Verb: "change CD", Needs: "change_vm_cd",
			Refuse: refuseStatus, Locks: theVM, Check: check,
			Paths: []engine.Path{
				{
					Name: "insert", From: running, When: current, Title: "Changing CD of VM {name}",
					Failed: audit.MediumFailed, Apply: sameVM, Settle: r.inserted,
					Steps: []job.Step{{Name: "insert", Title: "Changing the medium of the guest", Do: r.insert}},
				},
				{Name: "configure", When: stored, Apply: r.configure},
			},
		}
	}
	return []engine.Command{row("update", r.checkUpdate), row("remove", r.checkRemove)}
}

func theVM(_ *inventory.Tx, call *engine.Call) []model.Ref {
	return []model.Ref{{Kind: model.KindVM, ID: call.Parent}}
}

func current(_ *inventory.Tx, call *engine.Call) bool { return params(call).Current }

func stored(tx *inventory.Tx, call *engine.Call) bool {
	return call.Parent != "" && !current(tx, call)
}

// refuseStatus is the refusal to change the medium of a guest that is not there,
// or cannot be asked now.
func refuseStatus(verb string, status model.Status) *fault.Fault {
	switch {
	case status == "":
		return fault.New(fault.Invalid, verb, "No VM was given.")
	case lifecycle.Resting(status):
		return fault.New(fault.VMNotRunning, verb+" of")
	}
	return fault.New(fault.VMStatusIllegal, verb+" of", lifecycle.Label(status))
}
