package vms

import (
	"cmp"
	"fmt"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// moved settles a migration: the VM is on the other host, in the status that it had; or
// where it was, as if nothing had happened.
func (r *room) moved(tx *inventory.Tx, w *job.Work, failure error) {
	vm, ok := tx.VMs.Edit(w.Job.Target.ID)
	if !ok {
		return
	}
	var data moveData
	_ = w.Data(&data)
	detail := model.PauseDetail("")
	if vm.Run.Migration != nil {
		detail = vm.Run.Migration.Detail
	}
	vm.Run.Migration = nil
	r.leaseMoved(tx, vm, &data)
	r.leaveLater(tx, vm, data.Left)
	r.EditLive(vm.ID, func(live *model.Live) { live.Stats.Progress = 0 })
	if !data.Arrived {
		if vm.Run.Status == w.Job.Before {
			vm.Run.Detail = detail
		}
		switch {
		case !data.Lost:
			r.tellStay(tx, w, failure)
		case fault.Of(failure).Code == fault.Interrupted: // somebody wants it down
			r.Down(tx, vm, lifecycle.CauseKilled, fault.Of(failure).Message(), engine.AboutJob(tx, w.Job))
		default:
			r.Down(tx, vm, lifecycle.CauseCrashed, fault.Of(failure).Message(), engine.AboutJob(tx, w.Job))
		}
		return
	}
	var params MigrateParams
	_ = w.Params(&params)
	vm.Run.Host, vm.Run.BootID, vm.Run.Console = data.To, data.BootID, data.Console
	vm.Run.DisplayType = cmp.Or(data.DisplayType, vm.Run.DisplayType)
	vm.Cluster = cmp.Or(params.Cluster, vm.Cluster)
	engine.SetStatus(vm, w.Job.Before, detail)
	if failure != nil {
		// It was to be given up, and was faster.
		about := engine.AboutJob(tx, w.Job)
		about.Detail = r.tellMoved(w)
		tx.Event(audit.New(audit.MigrationDone, about))
	}
	if on, known := tx.Hosts.Get(data.To); !known || !on.Reachable() {
		engine.SetStatus(vm, model.StatusUnknown, "")
	}
}

// tellStay tells why a VM has stayed where it was; a cancellation tells that itself.
func (r *room) tellStay(tx *inventory.Tx, w *job.Work, failure error) {
	if fault.Of(failure).Code == fault.Interrupted {
		if !isCancelled(tx, w.Job.Target.ID) {
			tx.Event(audit.New(audit.MigrationAborted, engine.AboutJob(tx, w.Job)))
		}
		return
	}
	var params MigrateParams
	_ = w.Params(&params)
	code := audit.MigrationFailed
	if params.Host != "" {
		code = audit.MigrationFailedTo
	}
	about := engine.AboutJob(tx, w.Job)
	about.Detail = fault.Of(failure).Message()
	tx.Event(audit.New(code, about))
}

// isCancelled says whether a migration is being cancelled.
func isCancelled(tx *inventory.Tx, vm model.ID) bool {
	_, cancelled := tx.Holder(model.Ref{Kind: model.KindMigration, ID: vm})
	return cancelled
}

// tellMoved fills the event that tells of a migration that is done (api-v3 3.10).
func (r *room) tellMoved(w *job.Work) string {
	var data moveData
	_ = w.Data(&data)
	text := fmt.Sprintf("Source: %s, Destination: %s, Duration: %s, Total: %s", r.hostNamed(data.From), r.hostNamed(data.To),
		rounded(data.Ended.Sub(data.Began)), rounded(time.Since(w.Job.StartTime)))
	if data.Downtime >= 0 {
		text += fmt.Sprintf(", Actual downtime: %dms", data.Downtime.Milliseconds())
	} else {
		text += ", Actual downtime: N/A"
	}
	return text
}

func (r *room) hostNamed(id model.ID) string {
	if known, ok := r.Inventory.Hosts.Get(id); ok {
		return known.Name
	}
	return string(id)
}

func rounded(period time.Duration) time.Duration { return max(period, 0).Round(10 * time.Millisecond) }
