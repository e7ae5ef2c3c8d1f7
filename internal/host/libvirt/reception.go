package libvirt

import (
	"context"
	"errors"

	"libvirt.org/go/libvirtxml"

	"vireo/internal/host"
)

// Receive puts the guest's seeds in place and says how the guest is to be described on
// this host. What is left of earlier runs is removed. Another start of the guest is
// waited for.
func (h *hypervisor) Receive(ctx context.Context, spec *host.GuestSpec) (host.Reception, error) {
	if err := checkSpec(spec); err != nil {
		return host.Reception{}, err
	}
	leave, err := h.gates.enter(ctx, gateKey{guest: spec.ID, kind: gateStart})
	if err != nil {
		return host.Reception{}, gaveUp(ctx, "receiving the guest")
	}
	defer leave()
	found, err := h.Guest(ctx, spec.ID)
	switch {
	case errors.Is(err, host.ErrNotFound):
	case err != nil:
		return host.Reception{}, err
	case found.State == host.Off:
		if err := h.forget(ctx, spec.ID); err != nil {
			return host.Reception{}, err
		}
	default:
		return host.Reception{}, refuse(host.RefusedExists, "a guest with the id %s is there already", spec.ID)
	}
	if err := h.nameIsFree(ctx, spec); err != nil {
		return host.Reception{}, err
	}
	builder := h.builder(spec)
	definition, err := define(builder)
	if err != nil {
		return host.Reception{}, err
	}
	return host.Reception{Definition: definition}, h.writeSeeds(ctx, spec, builder.seeds)
}

// arrive changes the definition of a guest that runs into the one that it is to have at
// its destination. The machine that the guest sees stays, and so does the ticket of its
// display.
func arrive(live *libvirtxml.Domain, reception host.Reception) (string, error) {
	var wanted libvirtxml.Domain
	if err := wanted.Unmarshal(reception.Definition); err != nil || wanted.Devices == nil {
		return "", refuse(host.RefusedOther, "the destination's answer cannot be read")
	}
	if live.Devices == nil {
		return "", refuse(host.RefusedOther, "the guest has no devices")
	}
	graphics := live.Devices.Graphics
	if err := bringUp(live, &wanted); err != nil {
		return "", err
	}
	if sameGraphics(graphics, wanted.Devices.Graphics) {
		keepTicket(&live.Devices.Graphics[0], graphics[0])
	}
	// The type names the accelerator, which decides how the guest's CPU is made.
	if live.Type != wanted.Type {
		return "", refuse(host.RefusedUnsupported, "the guest runs as %s here and would run as %s there", live.Type, wanted.Type)
	}
	text, err := live.Marshal()
	if err != nil {
		return "", refuse(host.RefusedOther, "the guest cannot be described: %v", err)
	}
	return text, nil
}

// keepTicket gives a display the password of another one of the same type.
func keepTicket(to *libvirtxml.DomainGraphic, from libvirtxml.DomainGraphic) {
	switch {
	case to.VNC != nil && from.VNC != nil:
		to.VNC.Passwd, to.VNC.PasswdValidTo = from.VNC.Passwd, from.VNC.PasswdValidTo
	case to.Spice != nil && from.Spice != nil:
		to.Spice.Passwd, to.Spice.PasswdValidTo = from.Spice.Passwd, from.Spice.PasswdValidTo
	}
}
