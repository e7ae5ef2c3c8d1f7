package vms

import (
	"context"
	"errors"

	"vireo/internal/fault"
	"vireo/internal/job"
	"vireo/internal/model"
)

// sending remembers where a guest is about to be started, before that host hears
// of it: from then on the host may have the guest, whatever becomes of the answer.
func sending(w *job.Work, data *launchData) error {
	if isSent(w, data.Host) {
		return nil
	}
	data.Begun = true
	return w.Remember(data)
}

func isSent(w *job.Work, on model.ID) bool {
	var kept launchData
	return w.Data(&kept) == nil && kept.Begun && kept.Host == on
}

// unsent bounds the wait for a host that was out of reach before it was sent
// anything. While it is only reconnecting the step waits; once it is non_responsive
// there is a refusal, for the guest cannot be there. Any other error is left as it is.
func (r *room) unsent(w *job.Work, on model.ID, err error) (*fault.Fault, error) {
	blocked, ok := errors.AsType[*job.BlockedError](err)
	if !ok || isSent(w, on) {
		return nil, err
	}
	if known, exists := r.Inventory.Hosts.Get(on); !exists || !known.Reachable() {
		name := string(on)
		if exists {
			name = known.Name
		}
		return fault.New(fault.HostSilent, w.Job.Verb, name).Because(blocked.Cause), nil
	}
	return nil, &job.BlockedError{Cause: blocked.Cause, Until: func(ctx context.Context) error {
		return r.Machines.AwaitVerdict(ctx, on)
	}}
}
