package vms

import (
	"context"
	"errors"

	"vireo/internal/host"
	"vireo/internal/job"
	"vireo/internal/model"
)

// askShutdown delivers the request: to the guest agent if it answers, else by
// the power button. Whether the guest obeys is seen by the watcher, which
// presses the button too when the agent's way has led nowhere (api-v3 3.5). A guest
// that has obeyed a request whose answer was lost is not asked again.
func (r *room) askShutdown(_ context.Context, w *job.Work) error {
	if err := r.thawFirst(w); err != nil {
		return err
	}
	return r.ask(w, func(ctx context.Context, conn host.Host) error {
		if hasGone(ctx, conn, w.Job.Target.ID) {
			return nil
		}
		err := conn.AgentShutdown(ctx, w.Job.Target.ID, false)
		if isAgentRefusal(err) {
			return conn.PressPower(ctx, w.Job.Target.ID)
		}
		return err
	})
}

// askReboot delivers the request to reboot, likewise (api-v3 3.7). A guest that has
// obeyed a request whose answer was lost is not asked again.
func (r *room) askReboot(_ context.Context, w *job.Work) error {
	vm, err := r.vm(w)
	if err != nil || vm.Run.Status == model.StatusUp || vm.Run.ResetSeen {
		return err
	}
	if err := r.thawFirst(w); err != nil {
		return err
	}
	return r.ask(w, func(ctx context.Context, conn host.Host) error {
		err := conn.AgentShutdown(ctx, w.Job.Target.ID, true)
		if isAgentRefusal(err) {
			return conn.Reboot(ctx, w.Job.Target.ID)
		}
		return err
	})
}

func (r *room) ask(w *job.Work, do func(context.Context, host.Host) error) error {
	vm, err := r.vm(w)
	if err != nil {
		return err
	}
	err = r.OnHost(w, vm.Run.Host, "HostCallTimeout", do)
	return r.HostFault(w.Job.Verb, vm.Run.Host, err)
}

// hasGone says whether a guest that ran has powered itself off.
func hasGone(ctx context.Context, conn host.Host, id model.ID) bool {
	guest, err := conn.Guest(ctx, id)
	return err == nil && (guest.State == host.Off || guest.State == host.ShuttingDown)
}

func isAgentRefusal(err error) bool {
	refused, ok := errors.AsType[*host.RefusedError](err)
	return ok && refused.Code == host.RefusedAgent
}
