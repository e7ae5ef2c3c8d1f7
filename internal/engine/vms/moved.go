package vms

import (
	"cmp"
	"fmt"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/engine/placement"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// migration says how a guest goes to a host: as the VM wants it, else as the options do.
func (r *room) migration(vm *model.VM, to model.ID, reception host.Reception) (host.Migration, error) {
	there, ok := r.Inventory.Hosts.Get(to)
	if !ok {
		return host.Migration{}, fault.New(fault.NoHosts)
	}
	address, ok := placement.PeerAddress(there)
	if !ok {
		return host.Migration{}, fault.New(fault.StateConflict, "migrate VM", "The address of the host "+there.Name+" is one that other hosts cannot reach.")
	}
	config := vm.Effective()
	return host.Migration{
		To: address, Reception: reception, Bandwidth: r.Values.Int("MigrationBandwidth"), Downtime: r.downtime(vm),
		AutoConverge: r.wished(config.Migration.AutoConverge, "DefaultAutoConvergence"),
		Compressed:   r.wished(config.Migration.Compressed, "DefaultMigrationCompression"),
	}, nil
}

// wished reads true, false or inherit.
func (r *room) wished(wish, option string) bool {
	switch wish {
	case "true":
		return true
	case "false":
		return false
	}
	return r.Values.Bool(option)
}

// downtime is for how long the guest may stand still at first.
func (r *room) downtime(vm *model.VM) time.Duration {
	if wanted := vm.Effective().MigrationDowntime; wanted >= 0 {
		return time.Duration(wanted) * time.Millisecond
	}
	return time.Duration(r.Values.Int("DefaultMaximumMigrationDowntime")) * time.Millisecond
}

// pace notices that a migration gets no further. Its guest may then stand still for
// longer in the end, unless the VM itself says for how long it may.
type pace struct {
	room *room
	vm   *model.VM
	// least is the least that was left, since when.
	least    int64
	since    time.Time
	downtime time.Duration
}

func newPace(r *room, vm *model.VM) *pace {
	return &pace{room: r, vm: vm, since: time.Now(), downtime: r.downtime(vm)}
}

// isStuck says that it is of no use to go on.
func (p *pace) isStuck(w *job.Work, progress host.MigrationProgress) bool {
	if progress.Total > 0 && (p.least == 0 || progress.Left < p.least) {
		p.least, p.since = progress.Left, time.Now()
	}
	if time.Since(p.since) < p.room.Values.Duration("MigrationStallTime") {
		return false
	}
	p.since = time.Now()
	ceiling := time.Duration(p.room.Values.Int("MigrationDowntimeCeiling")) * time.Millisecond
	if p.vm.Effective().MigrationDowntime >= 0 || p.downtime >= ceiling {
		return true
	}
	p.downtime = min(2*p.downtime, ceiling)
	if conn, err := p.room.Machines.Connected(p.vm.Run.Host); err == nil {
		if err := conn.StretchMigration(w.Steady(), p.vm.ID, p.downtime); err != nil {
			p.room.Log.WarnContext(w.Steady(), "the end of a migration could not be given more time", "vm", p.vm.ID, "err", err)
		}
	}
	return false
}

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
	r.leaveLater(tx, vm, data.Left)
	r.EditLive(vm.ID, func(live *model.Live) { live.Stats.Progress = 0 })
	if !data.Arrived {
		if vm.Run.Status == w.Job.Before {
			vm.Run.Detail = detail
		}
		r.tellStay(tx, w, failure)
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
		if _, cancelled := tx.Holder(model.Ref{Kind: model.KindMigration, ID: w.Job.Target.ID}); !cancelled {
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
