package libvirt

import (
	"context"
	"errors"

	"github.com/digitalocean/go-libvirt"

	"vireo/internal/host"
	"vireo/internal/model"
)

// Destroy kills QEMU. libvirt answers when the process is gone and reaped. Where
// orphans are reaped late it gives up after 15 s with an error although the
// process is dead; then we ask again.
func (h *hypervisor) Destroy(ctx context.Context, id model.ID) error {
	const doing = "destroying the guest"
	domain := domainOf(id)
	for {
		// Not through the gate: this is what frees a guest that hangs.
		_, err := request(ctx, h, doing, func(rpc *libvirt.Libvirt) (struct{}, error) {
			return struct{}{}, rpc.DomainDestroyFlags(domain, libvirt.DomainDestroyDefault)
		})
		if err == nil || errors.Is(err, host.ErrNotFound) {
			return nil
		}
		if !errors.Is(err, host.ErrRefused) {
			return err
		}
		off, lookErr := h.isOff(ctx, domain)
		if lookErr != nil {
			return lookErr
		}
		if off {
			return nil
		}
		var refused *host.RefusedError
		if errors.As(err, &refused) && refused.Code != host.RefusedResource && refused.Code != host.RefusedState {
			return err
		}
		if ctx.Err() != nil {
			return gaveUp(ctx, doing)
		}
	}
}

// isOff says that a domain has no QEMU; an unknown one has none.
func (h *hypervisor) isOff(ctx context.Context, domain libvirt.Domain) (bool, error) {
	state, err := request(ctx, h, "asking for the guest's state", func(rpc *libvirt.Libvirt) (int32, error) {
		state, _, err := rpc.DomainGetState(domain, 0)
		return state, err
	})
	if errors.Is(err, host.ErrNotFound) {
		return true, nil
	}
	return libvirt.DomainState(state) == libvirt.DomainShutoff, err
}

// Pause stops the guest's CPUs.
func (h *hypervisor) Pause(ctx context.Context, id model.ID) error {
	return h.toState(ctx, id, "pausing the guest", libvirt.DomainPaused, (*libvirt.Libvirt).DomainSuspend)
}

// Resume lets the guest's CPUs run.
func (h *hypervisor) Resume(ctx context.Context, id model.ID) error {
	return h.toState(ctx, id, "resuming the guest", libvirt.DomainRunning, (*libvirt.Libvirt).DomainResume)
}

// toState makes a move unless the guest is there already.
func (h *hypervisor) toState(ctx context.Context, id model.ID, doing string, want libvirt.DomainState,
	move func(*libvirt.Libvirt, libvirt.Domain) error,
) error {
	domain := domainOf(id)
	_, err := command(ctx, h, h.control, id, doing, func(rpc *libvirt.Libvirt) (struct{}, error) {
		state, _, err := rpc.DomainGetState(domain, 0)
		if err != nil {
			return struct{}{}, err
		}
		switch libvirt.DomainState(state) {
		case want:
			return struct{}{}, nil
		case libvirt.DomainRunning, libvirt.DomainPaused, libvirt.DomainBlocked:
			return struct{}{}, move(rpc, domain)
		default:
			return struct{}{}, refuse(host.RefusedState, "the guest does not run")
		}
	})
	return err
}

// PressPower sends the ACPI power button.
func (h *hypervisor) PressPower(ctx context.Context, id model.ID) error {
	return h.plain(ctx, id, "pressing the guest's power button", func(rpc *libvirt.Libvirt, domain libvirt.Domain) error {
		h.reboots.settle(id)
		return rpc.DomainShutdownFlags(domain, libvirt.DomainShutdownAcpiPowerBtn)
	})
}

// Reboot asks for a restart by ACPI: libvirt presses the power button and resets
// QEMU when the guest has powered itself off.
func (h *hypervisor) Reboot(ctx context.Context, id model.ID) error {
	return h.plain(ctx, id, "rebooting the guest", func(rpc *libvirt.Libvirt, domain libvirt.Domain) error {
		h.reboots.ask(id)
		return rpc.DomainReboot(domain, libvirt.DomainRebootAcpiPowerBtn)
	})
}

// plain makes one call that concerns a guest.
func (h *hypervisor) plain(ctx context.Context, id model.ID, doing string, f func(*libvirt.Libvirt, libvirt.Domain) error) error {
	_, err := command(ctx, h, h.control, id, doing, func(rpc *libvirt.Libvirt) (struct{}, error) {
		return struct{}{}, f(rpc, domainOf(id))
	})
	return err
}
