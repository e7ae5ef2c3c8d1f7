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
		if _, left := tx.Holder(model.Leftover(vm.ID, on)); left {
			continue // it is being done
		}
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
	vm, exists := r.Inventory.VMs.Get(id)
	if _, known := r.Inventory.Hosts.Get(params.Host); !known || exists && vm.Run.Host == params.Host && r.isOn(id, params.Host) {
		return nil
	}
	if r.isOn(id, params.Host) { // on its way, and to be freed if it does not come
		return &job.BlockedError{Cause: errUndecided, Until: func(ctx context.Context) error { return pass(ctx, leaveAgain) }}
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

// errUndecided says that a guest is left that nobody knows enough of, or that could not be ended.
var errUndecided = errors.New("a guest is left on a host that its VM has left")

// endLeftover ends a guest on a host that its VM has left, and forgets it: the hosts of a
// migration have lost each other in its last moment, and its memory is older than the disks.
// Of the recorded run it is ended only when that is over, or the VM's own host has said what
// has become of the guest there. If that has none, and does not say why, this may be the one.
func (r *room) endLeftover(ctx context.Context, conn host.Host, on model.ID, guest host.Guest) error {
	vm, ok := r.Inventory.VMs.Get(guest.ID)
	switch {
	case !ok || !guest.Ours || guest.Engine != r.ID || guest.Epoch > vm.Run.Epoch || vm.Run.Host == on && r.isOn(vm.ID, on):
		return nil // it is not what was left
	case r.isOn(vm.ID, on):
		return errUndecided // it is to come back
	}
	if guest.Epoch == vm.Run.Epoch && !lifecycle.Resting(vm.Run.Status) {
		absent, err := r.isNotThere(ctx, vm)
		if err != nil {
			return err
		}
		if absent && guest.HasCome() {
			return nil
		}
	}
	r.Log.WarnContext(ctx, "a guest is ended on a host that its VM has left", "vm", vm.ID, "host", on)
	err := conn.Destroy(ctx, guest.ID)
	if err == nil || errors.Is(err, host.ErrNotFound) {
		err = conn.Forget(ctx, guest.ID)
	}
	if errors.Is(err, host.ErrRefused) {
		err = errors.Join(errUndecided, err)
	}
	return err
}

// isNotThere says that the host of a VM has no guest of its run, and does not say how that
// has ended; errUndecided, that it has not said what has become of it.
func (r *room) isNotThere(ctx context.Context, vm *model.VM) (bool, error) {
	conn, err := r.Machines.Connected(vm.Run.Host)
	if err != nil {
		return false, errUndecided
	}
	there, err := conn.Guest(ctx, vm.ID)
	switch {
	case errors.Is(err, host.ErrNotFound), err == nil && there.Epoch != vm.Run.Epoch:
		return true, nil
	case err != nil || !r.Owns(vm, there):
		return false, errUndecided
	case there.State == host.Off:
		return there.End == host.EndMigrated || there.End == host.EndUnknown, nil
	case !there.HasCome():
		return false, errUndecided
	}
	return false, nil
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
