package consoles

import (
	"context"
	"errors"
	"slices"

	"vireo/internal/auth"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// Screenshot is a picture of what the display of a VM shows, in the format PNG, for
// those who may connect to it.
func (r *Room) Screenshot(ctx context.Context, caller *auth.Caller, correlation string, id model.ID) ([]byte, error) {
	const verb = "take a picture of"
	vm, err := r.View(caller).VM(id)
	if err != nil {
		return nil, err
	}
	if !r.Permits(caller, connect, vm.Ref()) {
		r.QueryDenied(ctx, caller, correlation, "the screen of VM "+vm.Name)
		return nil, fault.New(fault.NotAuthorized)
	}
	status := vm.Run.Status
	if lifecycle.Resting(status) || slices.Contains(unseen, status) {
		return nil, fault.New(fault.VMStatusIllegal, verb, lifecycle.Label(status))
	}
	bounded, cancel := context.WithTimeout(ctx, r.Values.Duration("HostCallTimeout"))
	defer cancel()
	conn, err := r.Machines.Connected(vm.Run.Host)
	var picture []byte
	if err == nil {
		picture, err = conn.Screenshot(bounded, id)
	}
	if errors.Is(err, host.ErrUnreachable) || errors.Is(err, context.DeadlineExceeded) {
		return nil, fault.New(fault.HostSilent, verb, r.HostName(vm.Run.Host)).Because(err)
	}
	return picture, r.HostFault(verb, vm.Run.Host, err)
}

// unseen are statuses of a VM that has a host and cannot be seen (api-v4 4.3).
var unseen = []model.Status{model.StatusWaitForLaunch, model.StatusUnknown, model.StatusNotResponding}
