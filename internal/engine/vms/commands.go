package vms

import (
	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/job"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// room is what the verbs share.
type room struct{ *engine.Engine }

// forcible are the statuses in which a guest is ended by force (api-v3 4.3).
var forcible = []model.Status{
	model.StatusWaitForLaunch, model.StatusPoweringUp, model.StatusPaused,
	model.StatusRebootInProgress, model.StatusPoweringDown, model.StatusMigrating,
	model.StatusNotResponding,
}

// Commands are the rows for VMs. The statuses that no path of a row starts from
// are refused (api-v3 4.3).
func Commands(e *engine.Engine) []engine.Command {
	r := &room{e}
	return []engine.Command{
		{
			On: model.KindVM, Name: "start", Verb: "run", Needs: "run_vm", Demands: r.demandsOfStart,
			Refuse: refuseStart,
			Paths: []engine.Path{
				r.launch(engine.Path{
					Name: "stateless", When: withOverlays, Via: model.StatusImageLocked, Task: true,
					Steps: []job.Step{{Name: "overlay", Title: "Making volumes for what the guest will write", Do: r.makeOverlays}},
				}),
				r.launch(engine.Path{Name: "launch", Via: model.StatusWaitForLaunch}),
				{
					Name: "continue", From: []model.Status{model.StatusPaused}, To: model.StatusUp,
					Title: "Resuming VM {name}", Begun: audit.StartRequestedOnHost, Failed: audit.StartFailed,
					Check: r.checkContinue,
					Steps: []job.Step{{Name: "resume", Title: "Letting the guest run", Do: r.resume}},
				},
				{
					Name: "restore", From: []model.Status{model.StatusSuspended}, Via: model.StatusRestoringState,
					Title: "Launching VM {name}",
					Begun: audit.StartRequestedOnHost, Done: audit.Started, Failed: audit.StateRestoreError,
					Check: r.checkRestore, Apply: r.reserve, Settle: r.restored,
					Steps: []job.Step{
						{Name: "restore", Title: "Restoring the memory of the guest", Do: r.restore, Undo: r.unboot},
						{Name: "drop", Title: "Removing the saved state", Do: r.dropRestored, Lasting: true},
					},
				},
			},
		},
		{
			On: model.KindVM, Name: "stop", Verb: "stop", Needs: "stop_vm", Interrupts: true,
			Refuse: refuseEnd,
			Paths: []engine.Path{
				r.powerOff("destroy", append([]model.Status{model.StatusUp}, forcible...), "Stopping VM {name}",
					audit.PoweredOff, audit.PowerOffFailed),
				r.dropState("Stopping VM {name}"),
				r.leaveDown(),
			},
		},
		{
			On: model.KindVM, Name: "shutdown", Verb: "shutdown", Needs: "shut_down_vm", Interrupts: true,
			Refuse: refuseEnd,
			Paths: []engine.Path{
				{
					Name: "ask", From: []model.Status{model.StatusUp}, Via: model.StatusPoweringDown,
					Title: "Shutting down VM {name}",
					Done:  audit.ShutdownRequested, Failed: audit.ShutdownFailed,
					Steps: []job.Step{{Name: "ask", Title: "Asking the guest to shut down", Do: r.askShutdown}},
				},
				r.powerOff("force", forcible, "Shutting down VM {name}", audit.ShutdownForced, audit.ShutdownForcedFailed),
				r.dropState("Shutting down VM {name}"),
				r.leaveDown(),
			},
		},
		{
			On: model.KindVM, Name: "suspend", Verb: "hibernate", Needs: "hibernate_vm",
			Refuse: refuseSuspend,
			Paths: []engine.Path{{
				Name: "save", From: []model.Status{model.StatusUp}, Title: "Performing Hibernate action on VM {name}",
				Task: true, Begun: audit.SuspendBegun, Done: audit.SuspendDone, Failed: audit.SuspendFailed,
				Check: r.checkSuspend, To: model.StatusSuspended, Settle: r.suspended,
				Steps: []job.Step{
					{Name: "prepare", Title: "Making room for the memory", Do: r.prepareSave, Undo: r.unprepareSave},
					{Name: "save", Title: "Saving the memory of the guest", Do: r.save, Lasting: true},
					{Name: "forget", Title: "Freeing the host", Do: r.forgetSaved},
				},
			}},
		},
		{
			On: model.KindVM, Name: "reboot", Verb: "restart", Needs: "reboot_vm",
			Paths: []engine.Path{{
				Name: "ask", From: []model.Status{model.StatusUp}, Via: model.StatusRebootInProgress,
				Title: "Rebooting VM {name}", Done: audit.RebootRequested, Failed: audit.RebootFailed,
				Steps: []job.Step{{Name: "ask", Title: "Asking the guest to reboot", Do: r.askReboot}},
			}},
		},
		{
			On: model.KindVM, Name: "migrate", Verb: "migrate", Needs: "migrate_vm", Demands: demandsOfMigrate,
			First: firstMigrate, Refuse: refuseMigrate,
			Paths: []engine.Path{{
				Name: "move", From: []model.Status{model.StatusUp, model.StatusPoweringUp, model.StatusPaused, model.StatusRebootInProgress},
				Via: model.StatusMigrating, Title: "Migrating VM {name}", Describe: r.describeMigration, Background: true,
				Begun: audit.MigrationBegun, Open: openMigration, Done: audit.MigrationDone, Tell: r.tellMoved,
				Check: r.checkMigrate, Apply: r.enterMigration, Settle: r.moved,
				Steps: []job.Step{
					{Name: "line", Title: "Waiting for other migrations of the two hosts", Do: r.line},
					{Name: "move", Title: "Bringing the guest to the other host", Do: r.move, Undo: r.unmove},
				},
			}},
		},
		r.leaveRow(),
		{
			On: model.KindVM, Name: "cancelmigration", Verb: "cancel migration", Needs: "migrate_vm", Unmonitored: true,
			Refuse: refuseCancel, Locks: lockCancel,
			Paths: []engine.Path{{
				Name: "cancel", From: []model.Status{model.StatusMigrating}, Done: audit.MigrationCancelled, Failed: audit.CancelFailed,
				Apply: enterCancel,
				Steps: []job.Step{{Name: "cancel", Title: "Giving the migration up", Do: r.cancel}},
			}},
		},
		{
			On: model.KindVM, Name: "ticket", Verb: "set the ticket of", Needs: "connect_to_vm", Unmonitored: true,
			Refuse: refuseTicket, Locks: lockTicket,
			Paths: []engine.Path{{
				Name: "set", From: showing, Done: audit.TicketSet, Failed: audit.TicketFailed,
				Check: r.checkTicket, Apply: fillTicket, Settle: r.ticketed,
				Steps: []job.Step{{Name: "set", Title: "Setting the password of the display", Do: r.setTicket}},
			}},
		},
		{
			On: model.KindVM, Name: "logon", Verb: "log on to", Needs: "connect_to_vm", Unmonitored: true,
			Refuse: refuseLogon, Locks: lockLogon,
			Paths: []engine.Path{{
				Name: "hand", From: withGuest(), Done: audit.LoggedOn, Failed: audit.LogonFailed,
				Check: r.checkLogon, Apply: fillLogon,
				Steps: []job.Step{{Name: "hand", Title: "Handing the credentials to the guest agent", Do: r.logOn}},
			}},
		},
		{
			On: model.KindVM, Name: "detach", Verb: "detach", Needs: "edit_vm_pool_configuration", Demands: demandsOfDetach,
			Unmonitored: true, First: checkPooled, Refuse: refuseDetach,
			Paths: []engine.Path{{Name: "detach", From: detachable, Apply: r.detach}},
		},
		{
			On: model.KindVM, Name: "freezefilesystems", Verb: "freeze", Needs: "configure_vm_storage", Locks: lockFreeze,
			Paths: []engine.Path{{
				Name: "freeze", From: []model.Status{model.StatusUp}, Title: "Freezing the file systems of VM {name}",
				Done: audit.Frozen, Failed: audit.FreezeFailed, Settle: r.frozen,
				Steps: []job.Step{{Name: "freeze", Title: "Asking the guest agent to freeze", Do: r.freeze}},
			}},
		},
		{
			On: model.KindVM, Name: "thawfilesystems", Verb: "thaw", Needs: "configure_vm_storage", Locks: lockThaw,
			Paths: []engine.Path{{
				Name: "thaw", From: []model.Status{model.StatusUp}, Title: "Thawing the file systems of VM {name}",
				Done: audit.Thawed, Failed: audit.ThawFailed, Settle: r.thawed,
				Steps: []job.Step{{Name: "thaw", Title: "Asking the guest agent to thaw", Do: r.thaw, Lasting: true}},
			}},
		},
		{
			On: model.KindVM, Name: "add", Verb: "add", Needs: "create_vm", Demands: r.demandsOfAdd,
			Paths: []engine.Path{
				{
					Name: "disks", When: r.hasDisks, Title: "Creating VM {name}", Task: true, Apply: r.add, Settle: r.added,
					Steps: []job.Step{{Name: "disks", Title: "Making the disks", Do: r.makeDisks, Undo: r.unmakeDisks}},
				},
				{Name: "add", Apply: r.add},
			},
		},
		{
			On: model.KindVM, Name: "clone", Verb: "clone", Needs: "create_vm", Demands: r.demandsOfClone, Locks: lockClone,
			Paths: []engine.Path{{
				Name: "copy", From: []model.Status{model.StatusDown}, Via: model.StatusImageLocked, To: model.StatusDown,
				Title: "Cloning VM {name}", Task: true, Apply: r.clone, Settle: r.settleClone,
				Steps: []job.Step{{Name: "disks", Title: "Copying the disks", Do: r.cloneDisks, Undo: r.uncloneDisks}},
			}},
		},
		{
			On: model.KindVM, Name: "update", Verb: "edit", Needs: "edit_vm_properties", Demands: demandsOfUpdate, Reshapes: true,
			Paths: []engine.Path{{Name: "update", Apply: r.update}},
		},
		{
			On: model.KindVM, Name: "remove", Verb: "remove", Needs: "delete_vm", Reshapes: true,
			First: checkKept, Refuse: refuseRemove, Locks: lockRemoved, Check: r.checkRemove,
			Paths: []engine.Path{{
				Name: "remove", Title: "Removing VM {name} from system", Apply: r.remove, Settle: r.removed, Granted: true,
				From:  []model.Status{model.StatusDown, model.StatusUnassigned, model.StatusImageIllegal, model.StatusImageLocked},
				Steps: []job.Step{{Name: "disks", Title: "Removing the disks", Do: r.removeDisks, Lasting: true}},
			}},
		},
		r.adoptRow(), r.releaseRow(),
	}
}

// launch is what the ways to start a VM that is down have in common.
func (r *room) launch(path engine.Path) engine.Path {
	path.From, path.Title, path.Describe = []model.Status{model.StatusDown}, "Launching VM {name}", titleOfStart
	path.Begun, path.Done, path.Failed = audit.StartRequestedOnHost, audit.Started, audit.StartFailed
	path.Check, path.Apply, path.Settle = r.checkLaunch, r.enterRun, r.launched
	path.Steps = append(path.Steps, job.Step{
		Name: "boot", Title: "Starting the guest on its host", Do: r.boot, Undo: r.unboot,
	})
	return path
}

// powerOff is the path of stop, and of a shutdown that cannot be graceful.
func (r *room) powerOff(name string, from []model.Status, title string, done, failed audit.Code) engine.Path {
	return engine.Path{
		Name: name, From: from, Via: model.StatusPoweringDown, Title: title, Done: done, Failed: failed,
		Settle: r.poweredOff,
		Steps: []job.Step{
			{Name: "destroy", Title: "Powering the guest off", Do: r.destroy, Lasting: true},
			{Name: "forget", Title: "Freeing the host", Do: r.forget},
		},
	}
}

// leaveDown is the path of stop and shutdown for a VM that is down: it stays so, also
// where a highly available one was about to be started again.
func (r *room) leaveDown() engine.Path {
	return engine.Path{Name: "nothing", From: []model.Status{model.StatusDown}, Done: audit.StopSkipped, Apply: r.giveUpRestart}
}

// dropState is the path of stop and shutdown for a suspended VM.
func (r *room) dropState(title string) engine.Path {
	return engine.Path{
		Name: "drop", From: []model.Status{model.StatusSuspended}, Via: model.StatusImageLocked, Title: title, Task: true,
		Done: audit.SavedStateCleared, Failed: audit.SavedStateFailed, Settle: r.dropped,
		Steps: []job.Step{{Name: "drop", Title: "Removing the saved state", Do: r.drop, Lasting: true}},
	}
}

func refuseStart(verb string, status model.Status) *fault.Fault {
	if status == model.StatusImageLocked {
		return fault.New(fault.VMLocked, verb)
	}
	return fault.New(fault.VMStatusIllegal, verb, lifecycle.Label(status))
}

// refuseEnd is the refusal of stop and shutdown (api-v3 3.4).
func refuseEnd(verb string, status model.Status) *fault.Fault {
	if status == model.StatusSavingState || status == model.StatusRestoringState {
		return fault.New(fault.VMSavingRestoring, verb)
	}
	return fault.New(fault.VMNotRunning, verb)
}

// refuseSuspend is the refusal of suspend (api-v3 3.6).
func refuseSuspend(verb string, status model.Status) *fault.Fault {
	if status == model.StatusWaitForLaunch || status == model.StatusNotResponding {
		return fault.New(fault.VMStatusIllegal, verb, lifecycle.Label(status))
	}
	return fault.New(fault.VMNotUp, verb)
}

// refuseRemove is the refusal of DELETE (api-v3 3.14).
func refuseRemove(verb string, status model.Status) *fault.Fault {
	if status == model.StatusSuspended {
		return fault.New(fault.RemoveNotDown)
	}
	return fault.New(fault.VMRunning, verb)
}
