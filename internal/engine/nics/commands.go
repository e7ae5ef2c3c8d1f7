package nics

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

// configure is the permit to change network interfaces of a VM, and to connect them by a
// vNIC profile.
const configure model.Permit = "configure_vm_network"

// Commands are the rows for network interfaces. Parent is the VM and Target the
// network interface; Result.Object is the VM. They work when the VM is down or
// up (api-v3 4.3).
func Commands(e *engine.Engine) []engine.Command {
	r := &room{e}
	row := func(name, verb, title string, check func(*inventory.Tx, *engine.Call) error, done, failed audit.Code) engine.Command {
		return engine.Command{
			On: model.KindNIC, Name: name, Verb: verb, Needs: configure, Reshapes: true,
			Refuse: refuseStatus, Locks: theVM, Check: check,
			Paths: []engine.Path{
				{Name: "record", From: []model.Status{model.StatusDown}, Apply: r.apply(done)},
				{
					Name: "change", From: []model.Status{model.StatusUp}, Title: title,
					Apply: r.reserve, Settle: r.settle(done, failed),
					Steps: []job.Step{{
						Name: "change", Title: "Changing the network interface of the guest",
						Do: r.change, Undo: r.unchange,
					}},
				},
			},
		}
	}
	connecting := func(row engine.Command) engine.Command {
		row.Demands = demandsOfProfile
		return row
	}
	return []engine.Command{
		connecting(row("add", "add NIC", "Adding Network Interface to VM {name}", r.checkAdd, audit.NICAdded, audit.NICAddFailed)),
		connecting(row("update", "edit NIC", "Editing Network Interface of VM {name}", r.checkUpdate, audit.NICUpdated, audit.NICUpdateFailed)),
		row("remove", "remove NIC", "Removing Network Interface from VM {name}", r.checkRemove, audit.NICRemoved, audit.NICRemoveFailed),
		row("activate", "activate NIC", "Activating Network Interface of VM {name}", r.checkActivate, audit.NICPlugged, audit.NICPlugFailed),
		row("deactivate", "deactivate NIC", "Deactivating Network Interface of VM {name}", r.checkDeactivate, audit.NICUnplugged, audit.NICUnplugFailed),
	}
}

// refuseStatus is the refusal for a status of the VM that no path starts from.
func refuseStatus(verb string, status model.Status) *fault.Fault {
	if status == "" {
		return fault.New(fault.Invalid, verb, "No VM was given.")
	}
	return fault.New(fault.VMStatusIllegal, verb+" of", lifecycle.Label(status))
}

func theVM(_ *inventory.Tx, call *engine.Call) []model.Ref {
	if call.Parent == "" {
		return nil
	}
	return []model.Ref{{Kind: model.KindVM, ID: call.Parent}}
}
