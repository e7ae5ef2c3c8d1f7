package engine

import (
	"context"
	"errors"
	"fmt"

	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/job"
	"vireo/internal/model"
	"vireo/internal/store"
)

// patience is how many times a call that ran into its time limit on a host that
// otherwise answers is tried.
const patience = 3

// OnHost does one call to a host as part of a job's step. The call is not ended
// by an interruption, only by the engine's stop and by the option that names its
// time limit, so that no host is left half-way. A host that does not answer
// makes the step wait for it (job.BlockedError): whether the call was done is
// not known then. One that is known to have ended, or was removed, will never answer for
// this run: the step fails. An engine that has lost the right to write calls no host. A
// refusal becomes a fault with the host's reason.
func (e *Engine) OnHost(w *job.Work, id model.ID, limit string, do func(context.Context, host.Host) error) error {
	select {
	case <-e.Inventory.Store().Fenced():
		return store.ErrFenced
	default:
	}
	conn, err := e.Machines.Connected(id)
	if err == nil {
		bounded, cancel := context.WithTimeout(w.Steady(), e.Values.Duration(limit))
		defer cancel()
		err = do(bounded, conn)
		late := errors.Is(bounded.Err(), context.DeadlineExceeded)
		if err != nil && late && w.Attempt+1 >= patience {
			return fault.New(fault.HostSilent, w.Job.Verb, e.HostName(id)).Because(err)
		}
		if err != nil && late {
			err = errors.Join(host.ErrUnreachable, err)
		}
	}
	if errors.Is(err, host.ErrUnreachable) && w.Steady().Err() == nil {
		if on, known := e.Inventory.Hosts.Get(id); !known || Ended(on) {
			return fault.New(fault.HostSilent, w.Job.Verb, e.HostName(id)).Because(err)
		}
		return &job.BlockedError{Cause: err, Until: func(ctx context.Context) error {
			return e.Machines.AwaitEnd(ctx, id)
		}}
	}
	return err
}

// OnHostWhile is OnHost for calls that may be given up half-way: it ends with
// ctx, that is, when the job is interrupted. What was begun is then to be undone.
func (e *Engine) OnHostWhile(ctx context.Context, w *job.Work, id model.ID, limit string, do func(context.Context, host.Host) error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	err := e.OnHost(w, id, limit, func(bounded context.Context, conn host.Host) error {
		both, cancel := context.WithCancel(bounded)
		defer cancel()
		defer context.AfterFunc(ctx, cancel)()
		return do(both, conn)
	})
	if err != nil && ctx.Err() != nil && w.Steady().Err() == nil {
		// err is told, not wrapped: a blocked step would be tried again.
		return fmt.Errorf("given up: %w: %s", context.Cause(ctx), err.Error())
	}
	return err
}

// HostFault is the fault for a host's refusal; other errors stay what they are.
func (e *Engine) HostFault(verb string, id model.ID, err error) error {
	if refused, ok := errors.AsType[*host.RefusedError](err); ok {
		return fault.New(fault.HostFailed, verb, e.HostName(id), refused.Reason).Because(err)
	}
	if errors.Is(err, host.ErrNotFound) {
		return fault.New(fault.HostFailed, verb, e.HostName(id), "it does not know the VM").Because(err)
	}
	return err
}

// HostName is what messages call a host.
func (e *Engine) HostName(id model.ID) string {
	if known, ok := e.Inventory.Hosts.Get(id); ok {
		return known.Name
	}
	return string(id)
}
