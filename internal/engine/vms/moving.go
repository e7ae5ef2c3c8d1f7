package vms

import (
	"context"
	"errors"
	"slices"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// moveData is what a migration remembers.
type moveData struct {
	// To is the destination that the rest is about; Tried are those that have failed.
	To    model.ID   `json:"to"`
	From  model.ID   `json:"from,omitempty"`
	Tried []model.ID `json:"tried,omitempty"`
	// Received says that the destination was readied, or may have been; Sent that the
	// source was told to begin, or may have been. Sent counts.
	Received bool `json:"received,omitempty"`
	Sent     int  `json:"sent,omitempty"`
	// Began is when the guest was sent first.
	Began time.Time `json:"began,omitzero"`

	// PostCopy says that it is to be ended in post-copy, Finished that the source has
	// agreed, Broken that the hosts have lost each other then, Held that one half may run
	// on a host that does not answer, and Lost that the guest has not survived that.
	PostCopy bool `json:"post_copy,omitempty"`
	Finished bool `json:"finished,omitempty"`
	Broken   bool `json:"broken,omitempty"`
	Held     bool `json:"held,omitempty"`
	Lost     bool `json:"lost,omitempty"`

	// Left are hosts that could not be freed of what the guest has left there.
	Left []model.ID `json:"left,omitempty"`

	// What follows is of a guest that has arrived.
	Arrived     bool              `json:"arrived,omitempty"`
	Ended       time.Time         `json:"ended,omitzero"`
	Downtime    time.Duration     `json:"downtime,omitempty"`
	BootID      string            `json:"boot_id,omitempty"`
	Console     model.Console     `json:"console,omitzero"`
	DisplayType model.DisplayType `json:"display_type,omitempty"`
}

// leave notes that a host could not be freed.
func (d *moveData) leave(on model.ID) {
	if !slices.Contains(d.Left, on) {
		d.Left = append(d.Left, on)
	}
}

// mostSends is how often the same destination is tried when nobody knows why the guest
// did not go there: the engine was not there to hear it.
const mostSends = 3

// line waits until it is the migration's turn (option MaxConcurrentOutgoingMigrations).
func (r *room) line(ctx context.Context, w *job.Work) error {
	for {
		changed := r.Inventory.Changed()
		vm, err := r.vm(w)
		if err != nil {
			return err
		}
		if vm.Run.Migration == nil || vm.Run.Migration.Going {
			return nil
		}
		if r.isTurn(r.Inventory.VMs.All(), vm) {
			begun := false
			err := w.Update(w.Steady(), func(tx *inventory.Tx) error {
				edited, ok := tx.VMs.Edit(vm.ID)
				begun = ok && edited.Run.Migration != nil && r.isTurn(tx.VMs.All(), edited)
				if begun {
					edited.Run.Migration.Going = true
				}
				return nil
			})
			if begun || err != nil {
				return err
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// move brings the guest to the destination, and to others in turn when that fails and
// none was named (api-v3 3.10). It is the last step: once the guest has arrived, whoever
// wants to interrupt comes too late.
func (r *room) move(ctx context.Context, w *job.Work) error {
	if err := r.thawFirst(w); err != nil {
		return err
	}
	for {
		data, err := r.moveData(w)
		if err != nil || data.Arrived {
			return err
		}
		if err := r.line(ctx, w); err != nil {
			return err
		}
		failure := r.moveTo(ctx, w, &data)
		switch {
		case data.Arrived || w.Steady().Err() != nil || engine.IsBlocked(failure):
			return failure
		case ctx.Err() != nil || data.Lost || !r.elsewhere(w, data, failure):
			return failure
		}
	}
}

func (r *room) moveData(w *job.Work) (moveData, error) {
	var data moveData
	if err := w.Data(&data); err != nil {
		return data, err
	}
	vm, err := r.vm(w)
	if err == nil && vm.Run.Migration == nil {
		err = fault.New(fault.StateConflict, w.Job.Verb+" VM", "The migration is not recorded any more.")
	}
	if err == nil && data.To != vm.Run.Migration.To {
		data = moveData{To: vm.Run.Migration.To, Tried: data.Tried, Began: data.Began, Left: data.Left}
	}
	return data, err
}

// moveTo brings the guest to one destination: data.Arrived says that it is there, else
// the error why it is not, and that it is where it was.
func (r *room) moveTo(ctx context.Context, w *job.Work, data *moveData) error {
	for {
		failure, known, err := r.follow(ctx, w, data)
		if data.Arrived || err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if known || data.Sent >= mostSends {
			return failure
		}
		if err := r.send(ctx, w, data); err != nil {
			return err
		}
	}
}

// send readies the destination and has the source begin.
func (r *room) send(ctx context.Context, w *job.Work, data *moveData) error {
	vm, err := r.vm(w)
	if err != nil {
		return err
	}
	data.Received, data.From = true, vm.Run.Host
	// It begins as any other, however the one before was to end.
	if err := r.setPostCopy(w, vm, data, false); err != nil {
		return err
	}
	var reception host.Reception
	err = r.OnHost(w, data.To, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		there := *asRun(vm)
		there.CDROM = vm.Run.CDROM
		spec, err := r.spec(ctx, &there, data.To)
		if err != nil {
			return err
		}
		reception, err = conn.Receive(ctx, spec)
		return err
	})
	if blocked, ok := errors.AsType[*job.BlockedError](err); ok {
		return r.silentDestination(w, data.To, blocked)
	}
	if err != nil {
		return r.HostFault(w.Job.Verb, data.To, err)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	migration, err := r.migration(r.asThere(w, vm), data.To, reception)
	if err != nil {
		return err
	}
	data.Sent++
	if data.Began.IsZero() {
		data.Began = time.Now().UTC()
	}
	if err := w.Remember(data); err != nil {
		return err
	}
	err = r.OnHost(w, vm.Run.Host, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		return conn.BeginMigration(ctx, vm.ID, migration)
	})
	return r.HostFault(w.Job.Verb, vm.Run.Host, err)
}

// asThere is a VM as it will be when it has moved.
func (r *room) asThere(w *job.Work, vm *model.VM) *model.VM {
	var params MigrateParams
	_ = w.Params(&params)
	return inCluster(vm, params.Cluster)
}

// silentDestination bounds the wait for a destination that has not heard of the guest.
func (r *room) silentDestination(w *job.Work, to model.ID, blocked *job.BlockedError) error {
	if known, exists := r.Inventory.Hosts.Get(to); !exists || !known.Reachable() {
		name := string(to)
		if exists {
			name = known.Name
		}
		return fault.New(fault.HostSilent, w.Job.Verb, name).Because(blocked.Cause)
	}
	return &job.BlockedError{Cause: blocked.Cause, Until: func(ctx context.Context) error {
		return r.Machines.AwaitVerdict(ctx, to)
	}}
}

// elsewhere chooses another destination, unless one was named; false when there is none.
func (r *room) elsewhere(w *job.Work, data moveData, failure error) bool {
	var params MigrateParams
	if err := w.Params(&params); err != nil || params.Host != "" {
		return false
	}
	if !slices.Contains(data.Tried, data.To) {
		data.Tried = append(data.Tried, data.To)
	}
	if len(data.Tried) >= r.Values.Int("MaxRerunVmOnVdsCount") {
		return false
	}
	vm, err := r.vm(w)
	if err != nil {
		return false
	}
	unseen := r.UnseenNow(w.Steady(), inCluster(vm, params.Cluster))
	if err := r.leaveDestination(w, &data); engine.IsBlocked(err) {
		data.leave(data.To) // another one is not to wait until this one is heard of again
	} else if err != nil {
		return false
	}
	// Before the destination is another: what is to be freed later must not be forgotten.
	if err := w.Remember(&data); err != nil {
		return false
	}
	err = w.Update(w.Steady(), func(tx *inventory.Tx) error {
		edited, ok := tx.VMs.Edit(vm.ID)
		if !ok || edited.Run.Migration == nil {
			return fault.New(fault.VMNotFound, w.Job.Verb)
		}
		chosen, err := r.destination(tx, w.Job.Verb, inCluster(edited, params.Cluster), &params, data.Tried, unseen)
		if err != nil {
			return err
		}
		about := engine.AboutJob(tx, w.Job)
		about.To, about.Detail = chosen, fault.Of(failure).Message()
		tx.Event(audit.New(audit.MigrationElsewhere, about))
		edited.Run.Migration.To, edited.Run.Migration.Going, edited.Run.Migration.PostCopy = chosen.ID, false, false
		return nil
	})
	return err == nil
}
