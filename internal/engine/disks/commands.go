package disks

import (
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// room is what the verbs share.
type room struct{ *engine.Engine }

// The statuses of a VM in which its disks can be changed: recorded when it is
// down, plugged when it has a guest that can be asked. A suspended guest needs
// what it had.
var (
	resting = []model.Status{model.StatusDown}
	live    = []model.Status{model.StatusUp, model.StatusPaused}
)

// Commands are the rows for disks, and the one that moves all disks of a VM. Target is
// the disk and Parent the VM that it belongs to, where the command has one;
// Result.Object is the disk.
func Commands(e *engine.Engine) []engine.Command {
	r := &room{e}
	grow := []job.Step{
		{Name: "resize", Title: "Growing the disk of the guest", Do: r.resizeInUse},
		{Name: "record", Title: "Recording the image's size", Do: r.resize, Lasting: true},
	}
	change := []job.Step{{Name: "change", Title: "Changing the disk of the guest", Do: r.change, Undo: r.unchange}}
	free := job.Step{Name: "free", Title: "Making sure that the place is free", Do: r.freePlace}
	moving := []job.Step{
		free,
		{Name: "copy", Title: "Copying the images", Do: r.copyThere, Undo: r.uncopy},
		{Name: "record", Title: "Recording where the disks are", Do: r.record, Lasting: true},
		{Name: "clear", Title: "Removing the images where they were", Do: r.clear, Lasting: true},
	}
	return []engine.Command{
		{
			On: model.KindDisk, Name: "add", Verb: "add disk", Needs: "create_disk", Reshapes: true, Demands: r.demandsOfAdd,
			Refuse: refuseStatus, Locks: nothing, Check: r.checkAdd,
			Paths: []engine.Path{
				{
					Name: "attached", From: append(append([]model.Status{}, resting...), live...),
					Title: "Adding Disk {name}", Task: true, Apply: r.add, Settle: r.added,
					Steps: []job.Step{
						{Name: "create", Title: "Making the image", Do: r.create, Undo: r.uncreate},
						{Name: "plug", Title: "Giving the disk to the VM", Do: r.plugNew, Lasting: true},
					},
				},
				{
					Name: "floating", When: withoutVM,
					Title: "Adding Disk {name}", Task: true, Apply: r.add, Settle: r.added,
					Steps: []job.Step{{Name: "create", Title: "Making the image", Do: r.create, Undo: r.uncreate}},
				},
			},
		},
		{
			On: model.KindDisk, Name: "attach", Verb: "attach disk", Needs: "attach_disk", Reshapes: true, Demands: demandsOfAttach,
			Refuse: refuseStatus, Locks: diskAndVM, Check: r.checkAttach,
			Paths: []engine.Path{
				{Name: "record", From: resting, Apply: r.attach},
				{Name: "plug", From: live, Title: "Attaching Disk {name}", Apply: r.attach, Steps: change, Settle: r.attached},
			},
		},
		{
			On: model.KindDisk, Name: "detach", Verb: "detach disk", Needs: "configure_vm_storage", Reshapes: true,
			Refuse: refuseStatus, Locks: diskAndVM, Check: r.checkDetach,
			Paths: []engine.Path{
				{Name: "record", From: resting, Apply: r.detach},
				{Name: "unplug", From: live, Title: "Detaching Disk {name}", Apply: r.detach, Steps: change, Settle: r.detached},
			},
		},
		{
			On: model.KindDisk, Name: "activate", Verb: "activate disk", Needs: "configure_vm_storage", Reshapes: true,
			Refuse: refuseStatus, Locks: diskAndVM, Check: r.checkActivate,
			Paths: []engine.Path{
				{Name: "record", From: resting, Apply: r.activate},
				{Name: "plug", From: live, Title: "Hot Plugging Disk {name}", Apply: r.activate, Steps: change, Settle: r.activated},
			},
		},
		{
			On: model.KindDisk, Name: "deactivate", Verb: "deactivate disk", Needs: "configure_vm_storage", Reshapes: true,
			Refuse: refuseStatus, Locks: diskAndVM, Check: r.checkDeactivate,
			Paths: []engine.Path{
				{Name: "record", From: resting, Apply: r.deactivate},
				{Name: "unplug", From: live, Title: "Hot Unplugging Disk {name}", Apply: r.deactivate, Steps: change, Settle: r.deactivated},
			},
		},
		{
			On: model.KindDisk, Name: "update", Verb: "edit disk", Needs: "edit_disk_properties", Reshapes: true, Demands: demandsOfUpdate,
			Refuse: refuseStatus, Locks: r.locksOfUpdate, Check: r.checkUpdate,
			Paths: []engine.Path{
				{
					Name: "grow_in_use", When: r.growsInUse, Title: "Editing Disk {name}",
					Apply: r.growInUse, Steps: grow, Settle: r.grown,
				},
				{
					Name: "grow", When: r.grows, Title: "Editing Disk {name}", Apply: r.grow, Settle: r.grown,
					Steps: []job.Step{{Name: "resize", Title: "Growing the image", Do: r.resize, Lasting: true}},
				},
				{
					Name: "switch", From: live, When: r.switches, Title: "Editing Disk {name}",
					Apply: r.update, Steps: change, Settle: r.switched,
				},
				{Name: "update", Apply: r.update},
			},
		},
		{
			On: model.KindDisk, Name: "copy", Verb: "copy disk", Needs: "configure_disk_storage", Demands: demandsOfCopy,
			Check: r.checkCopy,
			Paths: []engine.Path{{
				Name: "copy", Title: "Copying Disk {name}", Task: true, Apply: r.copy, Settle: r.copyEnded,
				Steps: []job.Step{{Name: "copy", Title: "Copying the image", Do: r.copyDisk, Undo: r.uncopyDisk}},
			}},
		},
		{
			On: model.KindDisk, Name: "move", Verb: "move disk", Needs: "configure_disk_storage", Reshapes: true, Demands: demandsOfMove,
			Locks: diskOnly, Check: r.checkMove,
			Paths: []engine.Path{
				{
					Name: "live", When: movesLive, Title: "Moving Disk {name}", Task: true, Apply: r.move, Settle: r.moved,
					Steps: []job.Step{
						free,
						{Name: "prepare", Title: "Making the volumes", Do: r.prepareThere, Undo: r.uncopy},
						{Name: "mirror", Title: "Copying the disk of the guest", Do: r.mirror, Undo: r.unmirror},
						{Name: "pivot", Title: "Giving the copy to the guest", Do: r.pivot, Lasting: true},
						{Name: "reserve", Title: "Reserving the space", Do: r.reserve, Lasting: true},
						{Name: "clear", Title: "Removing the image where it was", Do: r.clear, Lasting: true},
					},
				},
				{
					Name: "move", Title: "Moving Disk {name}", Task: true, Apply: r.move, Settle: r.moved, Steps: moving,
				},
			},
		},
		{
			On: model.KindVM, Name: "move", Verb: "move", Needs: "move_vm", Reshapes: true, Demands: demandsOfMove,
			Locks: vmAndDisks, Check: r.checkMove,
			Paths: []engine.Path{{
				Name: "move", From: resting, Via: model.StatusImageLocked, To: model.StatusDown,
				Title: "Moving VM {name}", Task: true, Apply: r.move, Settle: r.moved, Steps: moving,
			}},
		},
		{
			On: model.KindDisk, Name: "remove", Verb: "remove disk", Needs: "delete_disk", Reshapes: true, Demands: demandsOfRemove,
			Check: r.checkRemove,
			Paths: []engine.Path{{
				Name: "remove", Title: "Removing Disk {name}", Apply: r.remove, Settle: r.removed,
				Steps: []job.Step{{Name: "image", Title: "Removing the image", Do: r.removeImage, Lasting: true}},
			}},
		},
	}
}

func withoutVM(_ *inventory.Tx, call *engine.Call) bool { return call.Parent == "" }

// refuseStatus is the refusal for a status of the VM that no path starts from.
func refuseStatus(verb string, status model.Status) *fault.Fault {
	if status == "" {
		return fault.New(fault.Invalid, verb, "No VM was given.")
	}
	return fault.New(fault.VMStatusIllegal, verb+" of", lifecycle.Label(status))
}

// nothing is for commands whose job locks the new object alone.
func nothing(*inventory.Tx, *engine.Call) []model.Ref { return nil }

// diskOnly is for commands whose guests may go on, and end, meanwhile.
func diskOnly(_ *inventory.Tx, call *engine.Call) []model.Ref {
	return []model.Ref{{Kind: model.KindDisk, ID: call.Target}}
}

func vmAndDisks(tx *inventory.Tx, call *engine.Call) []model.Ref {
	refs := []model.Ref{{Kind: model.KindVM, ID: call.Target}}
	if vm, ok := tx.VMs.Get(call.Target); ok {
		for _, attached := range vm.Disks {
			refs = append(refs, model.Ref{Kind: model.KindDisk, ID: attached.Disk})
		}
	}
	return refs
}

func diskAndVM(_ *inventory.Tx, call *engine.Call) []model.Ref {
	refs := []model.Ref{{Kind: model.KindDisk, ID: call.Target}}
	if call.Parent != "" {
		refs = append(refs, model.Ref{Kind: model.KindVM, ID: call.Parent})
	}
	return refs
}
