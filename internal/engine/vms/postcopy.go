package vms

import (
	"context"
	"errors"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// mendAgain is how long is waited before hosts are connected again that have lost each
// other.
const mendAgain = 3 * time.Second

// stretch lets the guest stand still for longer at the end, and says whether the host has
// taken it.
func (r *room) stretch(w *job.Work, vm *model.VM, downtime time.Duration) bool {
	bounded, cancel := context.WithTimeout(w.Steady(), r.Values.Duration("HostCallTimeout"))
	defer cancel()
	conn, err := r.Machines.Connected(vm.Run.Host)
	if err == nil {
		err = conn.StretchMigration(bounded, vm.ID, downtime)
	}
	if err != nil {
		r.Log.WarnContext(w.Steady(), "the end of a migration could not be given more time", "vm", vm.ID, "err", err)
	}
	return err == nil
}

// errGivenUp says that a migration was to be given up before it could be ended in post-copy.
var errGivenUp = errors.New("the migration is to be given up")

// finish ends a migration in post-copy. It is written down first: from then on nobody can
// give it up, whatever becomes of the engine. False: the host has refused, or somebody was
// faster who gives it up. Without a word from the source it is not known, and asked for again.
func (r *room) finish(w *job.Work, vm *model.VM, data *moveData) (bool, error) {
	err := r.setPostCopy(w, vm, data, true)
	if errors.Is(err, errGivenUp) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	err = r.OnHost(w, vm.Run.Host, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		return conn.FinishMigration(ctx, vm.ID)
	})
	if errors.Is(err, host.ErrRefused) {
		r.Log.WarnContext(w.Steady(), "a migration could not be ended in post-copy", "vm", vm.ID, "err", err)
		return false, r.setPostCopy(w, vm, data, false)
	}
	if err != nil && w.Steady().Err() == nil {
		err = r.silentSource(vm, data.To, err)
	}
	if err != nil || data.Finished {
		return err == nil, err
	}
	data.Finished = true
	if err := w.Remember(data); err != nil {
		return true, err
	}
	return true, r.tellMigration(w, vm, data, audit.MigrationPostCopy)
}

// setPostCopy writes that a migration is to be ended in post-copy, or is not: in one
// transaction, since a cancellation that has been accepted must not find it on two hosts.
func (r *room) setPostCopy(w *job.Work, vm *model.VM, data *moveData, on bool) error {
	next := *data
	next.PostCopy, next.Finished = on, on && data.Finished
	err := w.RememberWith(&next, func(tx *inventory.Tx) error {
		if job, ok := tx.Job(w.Job.ID); on && !data.PostCopy && (isCancelled(tx, vm.ID) || ok && job.Interrupted) {
			return errGivenUp
		}
		if edited, ok := tx.VMs.Edit(vm.ID); ok && edited.Run.Migration != nil {
			edited.Run.Migration.PostCopy = on
		}
		return nil
	})
	if err == nil {
		*data = next
	}
	return err
}

// tellMigration writes an event about the two hosts of a migration.
func (r *room) tellMigration(w *job.Work, vm *model.VM, data *moveData, code audit.Code) error {
	return w.Update(w.Steady(), func(tx *inventory.Tx) error {
		about := engine.AboutJob(tx, w.Job)
		about.Host, _ = tx.Hosts.Get(vm.Run.Host)
		about.To, _ = tx.Hosts.Get(data.To)
		tx.Event(audit.New(code, about))
		return nil
	})
}

// mend connects the hosts again of a migration that broke in post-copy, as often as it
// takes: the guest stands still meanwhile, or goes on at the destination as far as it comes
// with the memory that is there. Without its other half, or when it is to end anyhow, both
// are ended, and failure says so.
func (r *room) mend(ctx context.Context, w *job.Work, vm *model.VM, data *moveData) (failure, err error) {
	if !data.Broken {
		data.Broken, data.PostCopy = true, true
		// Also if it has begun without our knowledge: nobody can give it up any more.
		if err := r.setPostCopy(w, vm, data, true); err != nil {
			return nil, err
		}
		if err := r.tellMigration(w, vm, data, audit.PostCopyBroken); err != nil {
			return nil, err
		}
	}
	if ctx.Err() != nil {
		return r.loseHalf(w, vm, data, context.Cause(ctx))
	}
	if r.isGoneThere(w, vm, data) {
		return r.loseHalf(w, vm, data, fault.New(fault.MigrationLost, w.Job.Verb))
	}
	migration, err := r.migration(r.asThere(w, vm), data.To, host.Reception{})
	if err != nil {
		// What is wanted now cannot be had. That is no reason to end the guest.
		return nil, &job.BlockedError{Cause: err, Until: func(ctx context.Context) error { return pass(ctx, mendAgain) }}
	}
	err = r.OnHost(w, vm.Run.Host, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		return conn.ResumeMigration(ctx, vm.ID, migration)
	})
	if err == nil {
		err = errors.New("the hosts of the migration have lost each other")
	}
	return nil, &job.BlockedError{Cause: err, Until: func(ctx context.Context) error { return pass(ctx, mendAgain) }}
}

// pass lets time go by, or returns the context's error.
func pass(ctx context.Context, period time.Duration) error {
	timer := time.NewTimer(period)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// isGoneThere says whether the destination has no half of the guest any more, by its own
// word or by proof.
func (r *room) isGoneThere(w *job.Work, vm *model.VM, data *moveData) bool {
	if r.isLost(data.To) {
		return true
	}
	conn, err := r.Machines.Connected(data.To)
	if err != nil {
		return false
	}
	bounded, cancel := context.WithTimeout(w.Steady(), r.Values.Duration("HostCallTimeout"))
	defer cancel()
	guest, err := conn.Guest(bounded, vm.ID)
	return errors.Is(err, host.ErrNotFound) || err == nil && guest.State == host.Off
}

// isHalfThere says whether the destination has a half of the guest.
func (r *room) isHalfThere(w *job.Work, vm *model.VM, data *moveData) bool {
	guest, ok := r.lookThere(w.Steady(), vm, data.To)
	return ok && guest.PostCopy
}

// loseHalf ends what is left of a guest that has lost a half of its memory, or is to end:
// with one half the other is of no use. The half at the destination comes first, for it
// goes on by itself.
func (r *room) loseHalf(w *job.Work, vm *model.VM, data *moveData, failure error) (error, error) {
	if err := r.endHalf(w, vm, data); err != nil {
		return nil, err
	}
	err := r.OnHost(w, vm.Run.Host, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		guest, err := conn.Guest(ctx, vm.ID)
		if err != nil || !guest.PostCopy || !r.Owns(vm, guest) {
			return gone(err)
		}
		return conn.Destroy(ctx, vm.ID)
	})
	switch {
	case err != nil && w.Steady().Err() != nil:
		return nil, err
	case err != nil && !r.isLost(vm.Run.Host):
		return nil, r.untilEnded(vm.Run.Host, err)
	}
	data.Lost = true
	data.leave(vm.Run.Host)
	return failure, w.Remember(data)
}

// untilEnded waits for a host to say that half a guest has ended there, or for the proof.
func (r *room) untilEnded(on model.ID, cause error) error {
	return &job.BlockedError{Cause: cause, Until: func(ctx context.Context) error {
		if err := pass(ctx, mendAgain); err != nil {
			return err
		}
		return r.Machines.AwaitEnd(ctx, on)
	}}
}

// endHalf ends the half at the destination. It runs, and writes to the disks until it
// misses a page: it counts as ended only when the destination has said so, or has ended
// itself. Until then somebody is told once what to do.
func (r *room) endHalf(w *job.Work, vm *model.VM, data *moveData) error {
	ended := false
	err := r.OnHost(w, data.To, "HostCallTimeout", func(ctx context.Context, conn host.Host) (err error) {
		ended, err = r.endPostCopy(ctx, conn, vm.ID)
		return err
	})
	switch {
	case err == nil || w.Steady().Err() != nil:
		return err
	case ended:
		// Its libvirt may be at work on it for a while yet. Nobody is to wait for that.
		data.leave(data.To)
		return w.Remember(data)
	case r.isLost(data.To):
		data.leave(data.To)
		return w.Remember(data)
	case !data.Held:
		data.Held = true
		if err := w.Remember(data); err != nil {
			return err
		}
		if err := r.tellMigration(w, vm, data, audit.PostCopyHeld); err != nil {
			return err
		}
	}
	r.Log.WarnContext(w.Steady(), "half a guest could not be ended", "vm", vm.ID, "host", data.To, "err", err)
	return r.untilEnded(data.To, err)
}

// endPostCopy ends a guest on a host that is half there, and forgets it: it may have ended
// and still be known there.
func (r *room) endPostCopy(ctx context.Context, conn host.Host, id model.ID) (ended bool, err error) {
	guest, err := conn.Guest(ctx, id)
	if err != nil {
		return false, gone(err)
	}
	if guest.PostCopy && guest.Ours && guest.Engine == r.ID {
		if err := conn.Destroy(ctx, id); err != nil {
			return false, err
		}
		guest.State = host.Off
	}
	return guest.State == host.Off, conn.Forget(ctx, id)
}

// gone is no error for what is not there.
func gone(err error) error {
	if errors.Is(err, host.ErrNotFound) {
		return nil
	}
	return err
}
