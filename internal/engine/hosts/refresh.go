package hosts

import (
	"context"
	"errors"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/lifecycle"
)

// checkRefresh refuses to ask a host that is not connected.
func (r *room) checkRefresh(tx *inventory.Tx, call *engine.Call) error {
	on, _ := tx.Hosts.Get(call.Target)
	if _, err := r.Machines.Connected(on.ID); err != nil {
		return fault.New(fault.HostStatusWrong, call.Verb, on.Name, lifecycle.HostLabel(on.Status), "It is not connected.")
	}
	return nil
}

// read has the watcher compare the host anew.
func (r *room) read(ctx context.Context, w *job.Work) error {
	bounded, cancel := context.WithTimeout(ctx, r.Values.Duration("HostCallTimeout"))
	defer cancel()
	id := w.Job.Target.ID
	err := r.Machines.Compare(bounded, id)
	if errors.Is(err, host.ErrUnreachable) {
		return fault.New(fault.StateConflict, w.Job.Verb, "The host does not answer.").Because(err)
	}
	if refused, ok := errors.AsType[*host.RefusedError](err); ok {
		return fault.New(fault.StateConflict, w.Job.Verb, "The host refused: "+refused.Reason).Because(err)
	}
	return err
}

func (r *room) refreshed(tx *inventory.Tx, w *job.Work, failure error) {
	if failure == nil {
		tx.Event(audit.New(audit.HostRefreshed, engine.AboutJob(tx, w.Job)))
	}
}
