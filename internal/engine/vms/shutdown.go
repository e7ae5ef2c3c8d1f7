package vms

import (
	"context"
	"errors"

	"vireo/internal/guestagent"
	"vireo/internal/host"
	"vireo/internal/job"
	"vireo/internal/model"
)

// askShutdown delivers the request: to qemu-guest-agent if it answers, else to the engine's
// own agent if that is heard, else by the power button. Whether the guest obeys is seen by the watcher, which
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
		if !isAgentRefusal(err) || r.tellShutdown(ctx, w.Job.Target.ID, "An administrator is shutting this virtual machine down. Please save your work.", false) {
			return notAgent(err)
		}
		return conn.PressPower(ctx, w.Job.Target.ID)
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
		if !isAgentRefusal(err) || r.tellShutdown(ctx, w.Job.Target.ID, "An administrator is restarting this virtual machine. Please save your work.", true) {
			return notAgent(err)
		}
		return conn.Reboot(ctx, w.Job.Target.ID)
	})
}

// tellShutdown asks the engine's own agent, which shows whoever is logged on a message and
// waits until the power button would be pressed at the latest (api-v3 3.5). It says whether
// the agent was told.
func (r *room) tellShutdown(ctx context.Context, id model.ID, message string, reboot bool) bool {
	err := r.TellAgent(ctx, id, guestagent.Shutdown(r.Values.Duration("VmGracefulShutdownTimeout"), message, reboot))
	if err != nil && !isAgentRefusal(err) {
		r.Log.WarnContext(ctx, "the agent in a guest could not be told to shut it down", "vm", id, "err", err)
	}
	return err == nil
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

// notAgent is an error that is no refusal by the agent of the host's.
func notAgent(err error) error {
	if isAgentRefusal(err) {
		return nil
	}
	return err
}

func isAgentRefusal(err error) bool {
	refused, ok := errors.AsType[*host.RefusedError](err)
	return ok && refused.Code == host.RefusedAgent
}
