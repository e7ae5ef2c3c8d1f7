package engine

import (
	"time"

	"vireo/internal/audit"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// plan finds the work of a job: the path of its row, with the status and events
// that its end means.
func (e *Engine) plan(made *model.Job) (job.Plan, bool) {
	command, known := e.commands[made.Action]
	if !known {
		return job.Plan{}, false
	}
	path, known := command.named(made.Path)
	if !known {
		return job.Plan{}, false
	}
	return job.Plan{
		Steps: path.Steps,
		Settle: func(tx *inventory.Tx, w *job.Work, failure error) {
			e.settle(tx, path, w, failure)
		},
		Settled: func(ended *model.Job) {
			if e.Ended != nil {
				e.Ended(ended)
			}
			if e.Machines == nil {
				return
			}
			// What happened to a guest while the job held its VM was not written.
			for _, ref := range append([]model.Ref{ended.Target}, ended.Locks...) {
				if ref.Kind == model.KindVM {
					e.Machines.Look(ref.ID)
				}
			}
		},
	}, true
}

func (e *Engine) settle(tx *inventory.Tx, path *Path, w *job.Work, failure error) {
	about := AboutJob(tx, w.Job)
	if w.Job.Target.Kind == model.KindVM {
		if vm, ok := tx.VMs.Edit(w.Job.Target.ID); ok {
			settleStatus(vm, path, w, failure)
		}
	}
	if path.Settle != nil {
		path.Settle(tx, w, failure)
	}
	forgetGone(tx, w.Job.Target)
	code := path.Done
	if failure == nil && path.Tell != nil {
		about.Detail = path.Tell(w)
	}
	if failure != nil {
		code = path.Failed
		if code == audit.StartFailed && fault.Of(failure).Code == fault.Interrupted {
			code = audit.StartCancelled // as somebody wanted it
		}
		about.Detail = fault.Of(failure).Message()
	}
	if code != 0 {
		fillAbout(tx, &about, w.Job.Target)
		tx.Event(audit.New(code, about))
	}
	if w.Job.Owner != "" {
		stamp(tx, about)
	}
}

// settleStatus writes the status that the end of a job means. A failure that
// could not be undone leaves the VM unknown until its host is seen.
func settleStatus(vm *model.VM, path *Path, w *job.Work, failure error) {
	switch {
	case failure == nil && path.To != "":
		SetStatus(vm, path.To, "")
	case failure != nil && w.Dirty && vm.Run.Host != "":
		known := vm.Run.Status != model.StatusUnknown
		SetStatus(vm, model.StatusUnknown, "")
		if known {
			vm.Run.Before, vm.Run.BeforeSince = w.Job.Before, time.Time{}
		}
	case failure != nil && path.Via != "" && w.Job.Before != "":
		SetStatus(vm, w.Job.Before, vm.Run.Detail)
	}
}

// SetStatus enters a status; Since moves only when it is another one. A VM that
// is unknown or not_responding has not left the status before: Before keeps it,
// and if it comes back it does so with all that was known of it, its age too.
func SetStatus(vm *model.VM, status model.Status, detail model.PauseDetail) {
	run := &vm.Run
	silent, wasSilent := lifecycle.Silent(status), lifecycle.Silent(run.Status)
	since := time.Now().UTC()
	back := wasSilent && !silent && status == run.Before && !run.BeforeSince.IsZero()
	switch {
	case back:
		since = run.BeforeSince
	case silent && !wasSilent:
		run.Before, run.BeforeSince = run.Status, run.Since
	case !silent && run.Status != status:
		run.Escalated, run.ResetSeen, run.Unheard = false, false, false
	}
	if run.Status != status {
		run.Since = since
	}
	if !silent {
		run.Before, run.BeforeSince = "", time.Time{}
	}
	if status == model.StatusRebootInProgress {
		run.ConsoleUser = "" // whoever sat before it is not logged in there any more
	}
	run.Status, run.Detail = status, detail
}

// Unfreeze records that the file systems of a VM's guest are not frozen.
func Unfreeze(vm *model.VM) { vm.Run.Frozen, vm.Run.FrozenTold = time.Time{}, false }

// WentDown records that a VM has gone down: its run-time values are cleared, what a
// stateless run has written is discarded, the configuration that waited for it
// applies, and a VM of a pool is returned to it (api-v3 4.2).
func (e *Engine) WentDown(tx *inventory.Tx, vm *model.VM, reason string) {
	run := &vm.Run
	SetStatus(vm, model.StatusDown, "")
	kept, users := e.afterUse(tx, vm), run.Users
	e.Discard(tx, vm)
	*run = model.Run{
		Status: run.Status, Since: run.Since, Epoch: run.Epoch, StartTime: run.StartTime,
		StopTime: time.Now().UTC(), ExitReason: reason, Kept: len(kept) > 0,
	}
	if run.Overlays = kept; len(kept) > 0 {
		run.Users = users
	}
	if vm.NextRun != nil {
		next := vm.NextRun
		AlignNextRun(vm)
		vm.VMConfig, vm.NextRun = *next, nil
	}
	e.SetLive(vm.ID, nil)
}

// NeverRan takes back what a start had given a VM that was down, and of which no
// guest has come. What it had made on disks is removed later.
func (e *Engine) NeverRan(tx *inventory.Tx, vm *model.VM) {
	before, kept := vm.Run.Kept, e.afterUse(tx, vm)
	if !before { // they were made for this run, if at all
		vm.Run.Overlays, kept = append(vm.Run.Overlays, kept...), nil
	}
	e.Discard(tx, vm)
	vm.Run.Given, vm.Run.Kept = model.Given{Overlays: kept}, len(kept) > 0
	if !vm.Run.Kept {
		vm.Run.Users = nil
	}
	Unreserve(vm)
}

// Unreserve takes back the place that a start had reserved on a host.
func Unreserve(vm *model.VM) {
	vm.Run.Host, vm.Run.Memory, vm.Run.Topology, vm.Run.ExitReason = "", 0, model.Topology{}, ""
	vm.Run.Lease, vm.Run.Astray = nil, false
}

// Down writes the end of a run and its event. cause decides between an ordinary
// end (61) and one with error (119); why is the sentence that the event shows.
func (e *Engine) Down(tx *inventory.Tx, vm *model.VM, cause lifecycle.Cause, why string, about audit.About) {
	code := audit.Down
	if cause == lifecycle.CauseCrashed || cause == lifecycle.CauseVanished || cause == lifecycle.CausePanic {
		code = audit.DownWithError
	}
	about.VM = vm
	about.Host, _ = tx.Hosts.Get(vm.Run.Host)
	about.Detail = why
	tx.Event(audit.New(code, about))
	Orphan(tx, vm)
	restart := e.restart(vm, cause)
	e.WentDown(tx, vm, why)
	if restart != nil {
		vm.Run.Restart = restart
		tx.Event(audit.New(audit.WillRestart, about))
	}
}
