package engine

import (
	"context"
	"errors"
	"time"

	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/job"
	"vireo/internal/model"
)

// AskAgent asks the agent of a VM's guest for something that may take a while, and
// waits no longer than the option GuestFreezeTimeout, and than ctx. A host that reconnects is
// waited for, one that is non_responsive is not: nobody wants a freeze that comes late.
func (e *Engine) AskAgent(ctx context.Context, w *job.Work, vm *model.VM, ask func(context.Context, host.Host) error) error {
	return e.askAgent(ctx, w, vm, e.Values.Duration("GuestFreezeTimeout"), ask)
}

func (e *Engine) askAgent(ctx context.Context, w *job.Work, vm *model.VM, limit time.Duration, ask func(context.Context, host.Host) error) error {
	err := e.OnHostWhile(ctx, w, vm.Run.Host, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		guest, err := conn.Guest(ctx, vm.ID)
		if err != nil {
			return err
		}
		if !e.Owns(vm, guest) {
			return fault.New(fault.StateConflict, w.Job.Verb+" VM",
				"The guest on its host runs for another engine, or for later data of this one.")
		}
		bounded, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		err = ask(bounded, conn)
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			return &host.RefusedError{Code: host.RefusedAgent, Reason: "the guest agent has not answered in time"}
		}
		return err
	})
	silent, blocked := errors.AsType[*job.BlockedError](err)
	if !blocked {
		return err
	}
	on, known := e.Inventory.Hosts.Get(vm.Run.Host)
	if known && on.Reachable() {
		return &job.BlockedError{Cause: silent.Cause, Until: func(ctx context.Context) error {
			return e.Machines.AwaitVerdict(ctx, on.ID)
		}}
	}
	name := string(vm.Run.Host)
	if known {
		name = on.Name
	}
	return fault.New(fault.HostSilent, w.Job.Verb, name).Because(silent.Cause)
}

// ThawGuest has the agent of a VM's guest thaw its file systems.
func (e *Engine) ThawGuest(w *job.Work, vm *model.VM) error {
	return e.ThawGuestWithin(w, vm, e.Values.Duration("GuestFreezeTimeout"))
}

// ThawGuestWithin is ThawGuest with a limit of its own, or GuestFreezeTimeout when that is
// shorter.
func (e *Engine) ThawGuestWithin(w *job.Work, vm *model.VM, limit time.Duration) error {
	limit = min(limit, e.Values.Duration("GuestFreezeTimeout"))
	return e.askAgent(w.Steady(), w, vm, limit, func(ctx context.Context, conn host.Host) error {
		return conn.AgentThaw(ctx, vm.ID)
	})
}

// IsBlocked says whether an error makes a step wait and be tried again.
func IsBlocked(err error) bool {
	_, blocked := errors.AsType[*job.BlockedError](err)
	return blocked
}

// AgentFault is the documented fault for what an agent refused (api-v3 3.15); failed
// is the code for one that has answered that it cannot.
func (e *Engine) AgentFault(w *job.Work, vm *model.VM, failed string, err error) error {
	refused, ok := errors.AsType[*host.RefusedError](err)
	if !ok {
		return e.HostFault(w.Job.Verb, vm.Run.Host, err)
	}
	switch refused.Code {
	case host.RefusedAgent:
		return fault.New(fault.AgentSilent).Because(err)
	case host.RefusedUnsupported:
		return fault.New(fault.FreezeUnsupported).Because(err)
	default:
		return fault.New(failed).Because(err)
	}
}

// Owns says whether a guest belongs to a run of this VM that this engine began.
func (e *Engine) Owns(vm *model.VM, guest host.Guest) bool {
	return guest.Ours && guest.Engine == e.ID && (guest.Epoch == vm.Run.Epoch || guest.State == host.Off)
}
