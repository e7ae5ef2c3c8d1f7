package vms

import (
	"context"
	"errors"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// destroy ends the guest at once; when it returns QEMU is gone.
func (r *room) destroy(_ context.Context, w *job.Work) error {
	vm, err := r.vm(w)
	if err != nil || vm.Run.Host == "" {
		return err
	}
	if err := r.thawLast(w, vm); err != nil {
		return err
	}
	err = r.OnHost(w, vm.Run.Host, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		guest, err := conn.Guest(ctx, vm.ID)
		if errors.Is(err, host.ErrNotFound) {
			return nil
		}
		if err == nil && !r.Owns(vm, guest) {
			return fault.New(fault.StateConflict, w.Job.Verb+" VM",
				"The guest on its host runs for another engine, or for later data of this one.")
		}
		if err != nil {
			return err
		}
		return conn.Destroy(ctx, vm.ID)
	})
	return r.HostFault(w.Job.Verb, vm.Run.Host, err)
}

// forget removes what the host remembers of the run: its end is recorded here.
// Only a host that is out of reach is waited for; whatever else goes wrong, the
// guest has ended or is saved, and that must not be undone for it.
func (r *room) forget(ctx context.Context, w *job.Work) error {
	vm, err := r.vm(w)
	if err != nil || vm.Run.Host == "" {
		return err
	}
	err = r.OnHost(w, vm.Run.Host, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		return conn.Forget(ctx, vm.ID)
	})
	if _, blocked := errors.AsType[*job.BlockedError](err); err == nil || blocked || w.Steady().Err() != nil {
		return err
	}
	// A definition that stays is replaced by the next start, or forgotten when
	// the host is connected again.
	r.Log.WarnContext(ctx, "a guest that has ended could not be forgotten", "vm", vm.ID, "host", vm.Run.Host, "err", err)
	return nil
}

// poweredOff settles a power-off: down, with the event that tells it.
func (r *room) poweredOff(tx *inventory.Tx, w *job.Work, failure error) {
	vm, ok := tx.VMs.Edit(w.Job.Target.ID)
	if !ok || failure != nil {
		return
	}
	r.Down(tx, vm, lifecycle.CauseKilled, "It was powered off by "+owner(w)+".", engine.AboutJob(tx, w.Job))
}

func owner(w *job.Work) string {
	if w.Job.OwnerName == "" {
		return "the engine"
	}
	return w.Job.OwnerName
}

// giveUpRestart has a highly available VM stay down that was to be started again.
func (r *room) giveUpRestart(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	vm, ok := tx.VMs.Get(call.Target)
	if !ok {
		return nil, fault.New(fault.VMNotFound, call.Verb)
	}
	if vm.Run.Restart != nil {
		edited, _ := tx.VMs.Edit(vm.ID)
		edited.Run.Restart = nil
		return edited, nil
	}
	return vm, nil
}
