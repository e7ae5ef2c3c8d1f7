package libvirt

import (
	"context"
	"log/slog"
	"time"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"vireo/internal/host"
	"vireo/internal/model"
	"vireo/internal/rfb"
)

// vncPasswordLength is how much of a password VNC looks at; libvirt refuses longer
// ones.
const vncPasswordLength = rfb.PasswordLength

// SetTicket gives the displays of a running guest a new password with its end.
// SPICE's clients are thrown off by QEMU; VNC's it would keep (it takes no other
// wish), so they are thrown off from outside.
func (h *hypervisor) SetTicket(ctx context.Context, id model.ID, ticket host.Ticket) error {
	definition, err := h.devices(ctx, id)
	if err != nil {
		return err
	}
	set := 0
	for i := range definition.Devices.Graphics {
		graphics := &definition.Devices.Graphics[i]
		if !unlock(graphics, ticket) {
			continue
		}
		// The device's text holds the password: it is never logged.
		err := h.change(ctx, id, "setting the ticket", graphics, func(rpc *libvirt.Libvirt, domain libvirt.Domain, text string) error {
			return rpc.DomainUpdateDeviceFlags(domain, text, libvirt.DomainDeviceModifyLive)
		})
		if err != nil {
			return err
		}
		set++
		if graphics.VNC != nil && (ticket.ValidTo.IsZero() || time.Now().Before(ticket.ValidTo)) {
			if err := h.throwOff(ctx, graphics.VNC); err != nil {
				h.log.WarnContext(ctx, "viewers of a display could not be thrown off by its new ticket",
					slog.String("vm", string(id)), slog.Any("err", err))
			}
		}
	}
	if set == 0 {
		return refuse(host.RefusedUnsupported, "the guest has no display that a ticket opens")
	}
	return nil
}

// unlock puts a ticket into the description of a display; false when the display
// is of a kind that knows no password.
func unlock(graphics *libvirtxml.DomainGraphic, ticket host.Ticket) bool {
	end := ""
	if !ticket.ValidTo.IsZero() {
		end = ticket.ValidTo.UTC().Format("2006-01-02T15:04:05")
	}
	switch {
	case graphics.VNC != nil:
		graphics.VNC.Passwd = ticket.Password[:min(len(ticket.Password), vncPasswordLength)]
		graphics.VNC.PasswdValidTo = end
	case graphics.Spice != nil:
		graphics.Spice.Passwd, graphics.Spice.PasswdValidTo = ticket.Password, end
		graphics.Spice.Connected = "disconnect"
	default:
		return false
	}
	return true
}
