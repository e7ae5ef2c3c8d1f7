package libvirt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"vireo/internal/host"
	"vireo/internal/model"
)

// Foreign reads the definition of a guest as it runs.
func (h *hypervisor) Foreign(ctx context.Context, id model.ID) (*host.GuestSpec, error) {
	found, err := h.Guest(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case found.Ours:
		return nil, refuse(host.RefusedExists, "it is a guest of engine %s", found.Engine)
	case found.State != host.Running && found.State != host.Paused:
		return nil, refuse(host.RefusedState, "it does not run")
	}
	definition, err := h.liveDefinition(ctx, domainOf(id))
	if err != nil {
		return nil, err
	}
	spec, why := readForeign(definition)
	if why != "" {
		return nil, refuse(host.RefusedUnsupported, "%s", why)
	}
	spec.Paused = found.State == host.Paused
	spec.Autostart, err = request(ctx, h, "asking whether the guest starts with its host", func(rpc *libvirt.Libvirt) (bool, error) {
		value, err := rpc.DomainGetAutostart(domainOf(id))
		return value != 0, err
	})
	return spec, err
}

// Adopt writes our element into the metadata of the guest, as it runs and as it is
// defined, and only then does what the element remembers.
func (h *hypervisor) Adopt(ctx context.Context, id model.ID, mark host.Mark) error {
	found, err := h.Guest(ctx, id)
	if err != nil {
		return err
	}
	if found.Ours && found.Engine != mark.Engine {
		return refuse(host.RefusedExists, "it is a guest of engine %s", found.Engine)
	}
	given, _ := json.Marshal(mark.Given) // plain values can always be written
	element := fmt.Sprintf("<guest id=\"%s\" engine=\"%s\" epoch=\"%d\" autostart=\"%t\">%s</guest>",
		escape(string(id)), escape(string(mark.Engine)), mark.Epoch, mark.Autostart, escape(string(given)))
	if err := h.setMark(ctx, id, found.State != host.Off, libvirt.OptString{element}); err != nil {
		return err
	}
	return h.setAutostart(ctx, id, false)
}

// Disown removes our element, when what it remembers is done.
func (h *hypervisor) Disown(ctx context.Context, id model.ID) error {
	found, err := h.Guest(ctx, id)
	switch {
	case errors.Is(err, host.ErrNotFound):
		return nil
	case err != nil || !found.Ours:
		return err
	}
	definition, err := h.liveDefinition(ctx, domainOf(id))
	if err != nil {
		return err
	}
	if definition.Metadata != nil {
		if owner, ok := readOwnership(definition.Metadata.XML); ok && owner.Autostart {
			if err := h.setAutostart(ctx, id, true); err != nil {
				return err
			}
		}
	}
	return h.setMark(ctx, id, found.State != host.Off, nil)
}

// setMark writes or removes our element wherever the guest is described.
func (h *hypervisor) setMark(ctx context.Context, id model.ID, runs bool, element libvirt.OptString) error {
	domain := domainOf(id)
	_, err := command(ctx, h, h.control, id, "marking the guest", func(rpc *libvirt.Libvirt) (struct{}, error) {
		persistent, err := rpc.DomainIsPersistent(domain)
		if err != nil {
			return struct{}{}, err
		}
		var flags libvirt.DomainModificationImpact
		if runs {
			flags |= libvirt.DomainAffectLive
		}
		if persistent != 0 {
			flags |= libvirt.DomainAffectConfig
		}
		return struct{}{}, rpc.DomainSetMetadata(domain, int32(libvirt.DomainMetadataElement), element,
			libvirt.OptString{metadataPrefix}, libvirt.OptString{metadataNamespace}, flags)
	})
	return err
}

// setAutostart has a guest be started with its host, or not; one that is not defined
// cannot be.
func (h *hypervisor) setAutostart(ctx context.Context, id model.ID, wanted bool) error {
	domain := domainOf(id)
	_, err := command(ctx, h, h.control, id, "setting whether the guest starts with its host", func(rpc *libvirt.Libvirt) (struct{}, error) {
		persistent, err := rpc.DomainIsPersistent(domain)
		if err != nil || persistent == 0 {
			return struct{}{}, err
		}
		value := int32(0)
		if wanted {
			value = 1
		}
		return struct{}{}, rpc.DomainSetAutostart(domain, value)
	})
	return err
}

// Release defines the guest as libvirt's own tools would: without our element, and with
// images that libvirt gives to QEMU's user as it does with others.
func (h *hypervisor) Release(ctx context.Context, spec *host.GuestSpec) error {
	if err := checkSpec(spec); err != nil {
		return err
	}
	found, err := h.Guest(ctx, spec.ID)
	known := err == nil
	switch {
	case errors.Is(err, host.ErrNotFound):
		if err := h.nameIsFree(ctx, spec); err != nil {
			return err
		}
	case err != nil:
		return err
	case found.Ours && found.Engine != spec.Engine:
		return refuse(host.RefusedExists, "it is a guest of engine %s", found.Engine)
	}
	domain, err := h.builder(spec).build()
	if err != nil {
		return err
	}
	plain(domain)
	text, err := domain.Marshal()
	if err != nil {
		return refuse(host.RefusedUnsupported, "the guest cannot be described: %v", err)
	}
	_, err = command(ctx, h, h.control, spec.ID, "defining the guest", func(rpc *libvirt.Libvirt) (libvirt.Domain, error) {
		return rpc.DomainDefineXMLFlags(text, 0)
	})
	if err != nil {
		return err
	}
	if err := h.setAutostart(ctx, spec.ID, spec.Autostart); err != nil || !known || found.State == host.Off {
		return err
	}
	return h.Disown(ctx, spec.ID)
}

// plain takes out of a definition what only we put there.
func plain(domain *libvirtxml.Domain) {
	domain.Metadata, domain.SecLabel, domain.OnCrash = nil, nil, "destroy"
	for i := range domain.Devices.Graphics {
		if vnc := domain.Devices.Graphics[i].VNC; vnc != nil {
			vnc.Passwd = ""
		}
		if spice := domain.Devices.Graphics[i].Spice; spice != nil {
			spice.Passwd = ""
		}
	}
}
