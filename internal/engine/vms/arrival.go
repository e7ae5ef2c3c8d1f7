package vms

import (
	"context"
	"errors"
	"fmt"
	"time"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/job"
	"vireo/internal/model"
)

// The rhythm of migrations.
const (
	// followTime is how long the source is asked to wait with its answer.
	followTime = 250 * time.Millisecond
	// arrivalCheck is how often the destination is looked at while the source is silent.
	arrivalCheck = time.Second
)

// follow watches a migration that may go on, until it does not any more. data.Arrived
// says that the guest is at the destination; else the failure says why it is not, and
// known whether that is the reason indeed. err is all that leaves it open where it is.
func (r *room) follow(ctx context.Context, w *job.Work, data *moveData) (failure error, known bool, err error) {
	if data.Sent == 0 {
		return nil, false, nil
	}
	vm, err := r.vm(w)
	if err != nil {
		return nil, false, err
	}
	pace, stuck, asked := r.newPace(r.asThere(w, vm), data.To), false, false
	for {
		var progress host.MigrationProgress
		err := r.OnHost(w, vm.Run.Host, "HostCallTimeout", func(bounded context.Context, conn host.Host) (err error) {
			if (ctx.Err() != nil || stuck) && !data.PostCopy {
				if err := conn.AbortMigration(bounded, vm.ID); err != nil {
					return err
				}
			}
			progress, err = conn.FollowMigration(bounded, vm.ID, followTime)
			return err
		})
		isDefinite := err == nil || errors.Is(err, host.ErrNotFound) || errors.Is(err, host.ErrRefused)
		switch {
		case w.Steady().Err() != nil:
			return nil, false, w.Steady().Err()
		case err == nil && progress.State == host.Migrating && data.Held && ctx.Err() != nil:
			// Its halves have found each other by themselves, after they were to end.
			failure, err := r.loseHalf(w, vm, data, context.Cause(ctx))
			return failure, true, err
		case err == nil && progress.State == host.Migrating:
			r.showProgress(w, vm.ID, progress)
			todo := goOn
			switch {
			case data.PostCopy && !asked:
				todo = finish // who has written that down may not have been heard
			case !data.PostCopy && ctx.Err() == nil:
				todo = pace.look(progress)
			}
			switch todo {
			case surrender:
				stuck = true
			case stretch:
				if !r.stretch(w, vm, pace.downtime) {
					pace.unsaid()
				}
			case finish:
				asked = true
				if pace.postCopy, err = r.finish(w, vm, data); err != nil {
					return nil, false, err
				}
			}
		case err == nil && progress.State == host.Migrated, r.seenThere(w, vm, data):
			return nil, false, r.arrived(w, vm, data, progress)
		case err == nil && progress.State == host.MigrationBroken:
			failure, err := r.mend(ctx, w, vm, data)
			return failure, true, err
		case !isDefinite && !r.isLost(vm.Run.Host):
			return nil, false, r.silentSource(vm, data.To, err)
		case err != nil && r.isHalfThere(w, vm, data):
			failure, err := r.loseHalf(w, vm, data, fault.New(fault.MigrationLost, w.Job.Verb))
			return failure, true, err
		case err != nil && r.mayBeThere(w, vm, data):
			return nil, false, r.undecided(data.To, err)
		case !isDefinite:
			return fault.New(fault.HostFailed, w.Job.Verb, r.hostNamed(vm.Run.Host), "it has ended"), true, nil
		case err != nil:
			return r.HostFault(w.Job.Verb, vm.Run.Host, err), true, nil
		case stuck:
			return fault.New(fault.MigrationStuck, w.Job.Verb, r.hostNamed(data.To)), true, nil
		case progress.Failure == "":
			return fault.New(fault.MigrationFailed, w.Job.Verb, r.hostNamed(data.To), "it is not known why"), false, nil
		default:
			return fault.New(fault.MigrationFailed, w.Job.Verb, r.hostNamed(data.To), progress.Failure), true, nil
		}
	}
}

// isLost says whether all that ran on a host has ended, by proof.
func (r *room) isLost(id model.ID) bool {
	on, ok := r.Inventory.Hosts.Get(id)
	return !ok || on.Lost != nil && on.Lost.BootID == on.BootID
}

// undecided waits for the destination to say whether it has the guest, or for the proof
// that it has none.
func (r *room) undecided(to model.ID, cause error) error {
	return &job.BlockedError{Cause: cause, Until: func(ctx context.Context) error {
		if err := pass(ctx, arrivalCheck); err != nil {
			return err
		}
		return r.Machines.AwaitEnd(ctx, to)
	}}
}

// mayBeThere says, of a guest that does not run at its source any more, whether it may be
// at the destination: nobody can say so while that does not answer, nor while a guest
// waits there.
func (r *room) mayBeThere(w *job.Work, vm *model.VM, data *moveData) bool {
	conn, err := r.Machines.Connected(data.To)
	if err != nil {
		return !r.isLost(data.To)
	}
	bounded, cancel := context.WithTimeout(w.Steady(), r.Values.Duration("HostCallTimeout"))
	defer cancel()
	guest, err := conn.Guest(bounded, vm.ID)
	if errors.Is(err, host.ErrNotFound) {
		return false
	}
	return err != nil || guest.State != host.Off && r.Owns(vm, guest)
}

// showProgress tells how much of the memory has been carried.
func (r *room) showProgress(w *job.Work, id model.ID, progress host.MigrationProgress) {
	if progress.Total <= 0 {
		return
	}
	done := max(progress.Total-progress.Left, 0)
	w.Progress(done, progress.Total)
	r.EditLive(id, func(live *model.Live) { live.Stats.Progress = 100 * float64(done) / float64(progress.Total) })
}

// seenThere says whether the guest of this run is seen to run at the destination: then
// it is there, whatever the source says or does not say.
func (r *room) seenThere(w *job.Work, vm *model.VM, data *moveData) bool {
	guest, ok := r.lookThere(w.Steady(), vm, data.To)
	return ok && guest.HasCome()
}

func (r *room) lookThere(ctx context.Context, vm *model.VM, to model.ID) (host.Guest, bool) {
	conn, err := r.Machines.Connected(to)
	if err != nil {
		return host.Guest{}, false
	}
	bounded, cancel := context.WithTimeout(ctx, r.Values.Duration("HostCallTimeout"))
	defer cancel()
	guest, err := conn.Guest(bounded, vm.ID)
	return guest, err == nil && r.Owns(vm, guest)
}

// silentSource waits until the source answers again, or the guest is seen to have
// arrived.
func (r *room) silentSource(vm *model.VM, to model.ID, cause error) error {
	return &job.BlockedError{Cause: cause, Until: func(ctx context.Context) error {
		again := time.NewTicker(arrivalCheck)
		defer again.Stop()
		for {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-again.C:
			}
			if _, err := r.Machines.Connected(vm.Run.Host); err == nil || r.isLost(vm.Run.Host) {
				return nil
			}
			if guest, ok := r.lookThere(ctx, vm, to); ok && guest.HasCome() {
				return nil
			}
		}
	}}
}

// arrived writes down that the guest is at the destination, and what it is like there;
// then the source is freed. Who does not answer is not waited for: the watcher looks when
// it is back.
func (r *room) arrived(w *job.Work, vm *model.VM, data *moveData, progress host.MigrationProgress) error {
	data.Arrived, data.Ended, data.Downtime = true, time.Now().UTC(), -1
	if progress.State == host.Migrated {
		data.Downtime = progress.Downtime
	}
	if on, ok := r.Inventory.Hosts.Get(data.To); ok {
		data.BootID = on.BootID
	}
	if guest, ok := r.lookThere(w.Steady(), vm, data.To); ok {
		data.Console, data.DisplayType = guest.Console, guest.DisplayType
	}
	if err := w.Remember(data); err != nil {
		return err
	}
	if r.leaveSource(w, vm) {
		return nil
	}
	data.leave(vm.Run.Host)
	return w.Remember(data)
}

// leaveSource removes what is left of the guest at its source, and says whether it could.
func (r *room) leaveSource(w *job.Work, vm *model.VM) bool {
	conn, err := r.Machines.Connected(vm.Run.Host)
	if err == nil {
		bounded, cancel := context.WithTimeout(w.Steady(), r.Values.Duration("HostCallTimeout"))
		defer cancel()
		guest, lookErr := conn.Guest(bounded, vm.ID)
		if lookErr == nil && guest.State != host.Off && r.Owns(vm, guest) {
			// The hosts lost each other when the guest had gone on at the destination.
			r.Log.WarnContext(bounded, "a guest that has migrated is ended at its source", "vm", vm.ID, "host", vm.Run.Host)
			err = conn.Destroy(bounded, vm.ID)
		}
		if err == nil {
			err = conn.Forget(bounded, vm.ID)
		}
	}
	if err != nil {
		r.Log.WarnContext(w.Steady(), "what a migrated guest has left could not be removed", "vm", vm.ID, "host", vm.Run.Host, "err", err)
	}
	return err == nil
}

// unmove gives up what may still go on, and takes back what has been left at the
// destination. A guest that has arrived stays there.
func (r *room) unmove(_ context.Context, w *job.Work) error {
	data, err := r.moveData(w)
	if err != nil {
		return err
	}
	if data.Sent > 0 && !data.Arrived && !data.Lost {
		given, up := context.WithCancelCause(w.Steady())
		up(job.ErrInterrupted)
		if _, _, err := r.follow(given, w, &data); err != nil || data.Arrived {
			return err
		}
	}
	return r.leaveDestination(w, &data)
}

// leaveDestination removes the seeds of a guest that has not come. A guest that is there
// has come, and is left alone. Only a destination that may answer soon is waited for.
func (r *room) leaveDestination(w *job.Work, data *moveData) error {
	if !data.Received || data.Arrived {
		return nil
	}
	vm, err := r.vm(w)
	if err != nil {
		return err
	}
	err = r.OnHost(w, data.To, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		guest, err := conn.Guest(ctx, vm.ID)
		switch {
		case errors.Is(err, host.ErrNotFound):
		case err != nil:
			return err
		case guest.State != host.Off || !r.Owns(vm, guest):
			return fmt.Errorf("a guest with its id is there: %s", guest.State)
		}
		return conn.Forget(ctx, vm.ID)
	})
	if blocked, ok := errors.AsType[*job.BlockedError](err); ok {
		if waits := r.silentDestination(w, data.To, blocked); engine.IsBlocked(waits) {
			return waits
		}
	}
	if err != nil && w.Steady().Err() == nil {
		r.Log.WarnContext(w.Steady(), "what a migration has left at its destination could not be removed", "vm", vm.ID, "host", data.To, "err", err)
		data.leave(data.To)
		return w.Remember(data)
	}
	return err
}
