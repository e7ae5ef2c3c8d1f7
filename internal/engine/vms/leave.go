package vms

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"vireo/internal/engine"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// LeaveParams are what the work remembers that frees a host of what a VM has left there.
type LeaveParams struct {
	Host model.ID `json:"host"`
}

// Durable keeps them with the job.
func (*LeaveParams) Durable() {}

// mostLeaves is how often a host is asked that refuses, leaveAgain how long is waited in
// between.
const (
	mostLeaves = 20
	leaveAgain = 30 * time.Second
)

// leaveRow is work of the engine's own: a host that was out of reach, or has refused, is
// freed later of what a VM that is not there has left: its seeds and its definition.
func (r *room) leaveRow() engine.Command {
	return engine.Command{
		On: model.KindVM, Name: "leave", Verb: "leave a host with", Internal: true, Unmonitored: true,
		Paths: []engine.Path{{
			Name: "leave", Title: "Freeing a host of what VM {name} has left",
			Steps: []job.Step{{Name: "forget", Title: "Freeing the host", Do: r.leave, Lasting: true}},
		}},
	}
}

// leaveLater has hosts freed by a job of its own, which locks nothing but what is left.
func (r *room) leaveLater(tx *inventory.Tx, vm *model.VM, hosts []model.ID) {
	row := r.leaveRow()
	now := time.Now().UTC()
	for _, on := range hosts {
		params, _ := json.Marshal(LeaveParams{Host: on}) // an id can always be written
		tx.PutJob(&model.Job{
			ID: model.NewID(), Action: row.Key(), Path: row.Paths[0].Name, Verb: row.Verb, Target: vm.Ref(),
			Description: "Freeing a host of what VM " + vm.Name + " has left",
			Params:      params, Locks: []model.Ref{model.Leftover(vm.ID, on)}, Status: model.JobStarted, StartTime: now, LastUpdated: now,
			Steps: job.NewSteps(now), AutoCleared: true,
		})
	}
}

// leave forgets the guest, unless the VM has come to the host since.
func (r *room) leave(_ context.Context, w *job.Work) error {
	var params LeaveParams
	if err := w.Params(&params); err != nil {
		return err
	}
	id := w.Job.Target.ID
	if _, known := r.Inventory.Hosts.Get(params.Host); !known || r.isOn(id, params.Host) {
		return nil
	}
	err := r.OnHost(w, params.Host, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		guest, err := conn.Guest(ctx, id)
		if err == nil && guest.PostCopy {
			_, err := r.endPostCopy(ctx, conn, id) // half a guest, which nobody goes on with
			return err
		}
		if err == nil && guest.State != host.Off {
			return r.endLeftover(ctx, conn, params.Host, guest)
		}
		if err != nil && !errors.Is(err, host.ErrNotFound) {
			return err
		}
		return conn.Forget(ctx, id)
	})
	switch {
	case errors.Is(err, errUndecided):
		return &job.BlockedError{Cause: err, Until: func(ctx context.Context) error { return pass(ctx, leaveAgain) }}
	case err == nil || engine.IsBlocked(err) || w.Steady().Err() != nil:
		return err
	case r.isLost(params.Host):
		return &job.BlockedError{Cause: err, Until: func(ctx context.Context) error { return r.awaitLife(ctx, params.Host) }}
	case w.Attempt >= mostLeaves:
		return err
	}
	return &job.BlockedError{Cause: err, Until: func(ctx context.Context) error { return pass(ctx, leaveAgain) }}
}

// errUndecided says that nobody knows which of two guests of a run goes on.
var errUndecided = errors.New("the host of the VM does not say that the guest runs there")

// endLeftover ends a guest on a host that its VM has left, and forgets it: the hosts of a
// migration have lost each other in its last moment, and its memory is older than the disks.
// Of the recorded run it is ended only when that is over, or is seen to go on elsewhere.
func (r *room) endLeftover(ctx context.Context, conn host.Host, on model.ID, guest host.Guest) error {
	vm, ok := r.Inventory.VMs.Get(guest.ID)
	if !ok || !guest.Ours || guest.Engine != r.ID || guest.Epoch > vm.Run.Epoch || r.isOn(vm.ID, on) {
		return nil // it is not what was left
	}
	if guest.Epoch == vm.Run.Epoch && !lifecycle.Resting(vm.Run.Status) {
		if there, seen := r.lookThere(ctx, vm, vm.Run.Host); !seen || !hasCome(there) {
			return errUndecided
		}
	}
	r.Log.WarnContext(ctx, "a guest is ended on a host that its VM has left", "vm", vm.ID, "host", on)
	if err := conn.Destroy(ctx, guest.ID); err != nil && !errors.Is(err, host.ErrNotFound) {
		return err
	}
	return conn.Forget(ctx, guest.ID)
}

// awaitLife waits for a host that has ended to be heard of again, or to be removed. If
// its end was not what it was taken for, the guest may be there.
func (r *room) awaitLife(ctx context.Context, on model.ID) error {
	for {
		changed := r.Inventory.Changed()
		if known, ok := r.Inventory.Hosts.Get(on); !ok || !engine.Ended(known) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// isOn says whether a VM is on a host, or on its way there.
func (r *room) isOn(id, on model.ID) bool {
	vm, ok := r.Inventory.VMs.Get(id)
	if !ok {
		return false
	}
	return vm.Run.Host == on && !lifecycle.Resting(vm.Run.Status) || vm.Run.Migration != nil && vm.Run.Migration.To == on
}
