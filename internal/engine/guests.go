package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/model"
)

// asking is how long a host may take to say whether it runs a guest.
const asking = 3 * time.Second

// NoGuest asks every host that is expected to answer whether it runs a guest of the
// VM, whatever is recorded: for what would take disks away under one. where is the
// name of the host that has it, else empty. A host that does not say after all is
// refused as silent. The error may be one of Outside.
func (e *Engine) NoGuest(call *Call, vm model.ID) (where string, err error) {
	return Outside(call, "guest "+string(vm), func(ctx context.Context) (string, error) {
		for _, on := range e.Inventory.Hosts.All() {
			runs, err := e.runsOn(ctx, on.ID, vm)
			if err != nil {
				return "", fault.New(fault.HostSilent, call.Verb, on.Name).Because(err)
			}
			if runs {
				return on.Name, nil
			}
		}
		return "", nil
	})
}

// NoGuests is NoGuest for many VMs, with one look at each host.
func (e *Engine) NoGuests(call *Call, vms []*model.VM) (where string, err error) {
	wanted, key := make(map[model.ID]bool, len(vms)), "guests"
	for _, vm := range vms {
		wanted[vm.ID] = true
		key += " " + string(vm.ID)
	}
	return Outside(call, key, func(ctx context.Context) (string, error) {
		for _, on := range e.Inventory.Hosts.All() {
			runs, err := e.anyRunsOn(ctx, on.ID, wanted)
			if err != nil {
				return "", fault.New(fault.HostSilent, "remove", on.Name).Because(err)
			}
			if runs {
				return on.Name, nil
			}
		}
		return "", nil
	})
}

func (e *Engine) anyRunsOn(ctx context.Context, on model.ID, vms map[model.ID]bool) (bool, error) {
	bounded, cancel := context.WithTimeout(ctx, asking)
	defer cancel()
	if err := e.Machines.AwaitVerdict(bounded, on); err != nil {
		return false, fmt.Errorf("waiting for the host: %w", err)
	}
	conn, err := e.Machines.Connected(on)
	if err != nil {
		return false, nil //nolint:nilerr // a host that is out of reach is known for what it last ran
	}
	guests, err := conn.Guests(bounded)
	if err != nil {
		return false, fmt.Errorf("looking for guests: %w", err)
	}
	return slices.ContainsFunc(guests, func(g host.Guest) bool { return vms[g.ID] && g.State != host.Off }), nil
}

func (e *Engine) runsOn(ctx context.Context, on, vm model.ID) (bool, error) {
	if e.Machines == nil {
		return false, nil
	}
	bounded, cancel := context.WithTimeout(ctx, asking)
	defer cancel()
	// An engine that was started just now, or a host that was lost just now, is waited for.
	if err := e.Machines.AwaitVerdict(bounded, on); err != nil {
		return false, fmt.Errorf("waiting for the host: %w", err)
	}
	conn, err := e.Machines.Connected(on)
	if err != nil {
		return false, nil //nolint:nilerr // a host that is out of reach is known for what it last ran
	}
	guest, err := conn.Guest(bounded, vm)
	if errors.Is(err, host.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for a guest: %w", err)
	}
	return guest.State != host.Off, nil
}
