package fake

import (
	"context"
	"time"

	"vireo/internal/host"
	"vireo/internal/model"
)

// vncPasswordLength is how much of a password VNC looks at.
const vncPasswordLength = 8

// SetTicket replaces what opens the display.
func (c *connection) SetTicket(ctx context.Context, id model.ID, ticket host.Ticket) error {
	return c.live(ctx, "SetTicket", id, func(g *guest) error {
		if g.spec.Display == "" {
			return Refuse(host.RefusedUnsupported, "the guest has no display")
		}
		g.ticket = &ticket
		g.throwOff()
		return nil
	})
}

// throwOff ends what was let in to the display.
func (g *guest) throwOff() {
	for _, viewer := range g.viewers {
		close(viewer)
	}
	g.viewers = nil
}

// Ticket is what was last set for the display of the guest of that name (or id)
// in its present run.
func (m *Machine) Ticket(name string) (host.Ticket, bool) {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	if ticket := m.guest(name).ticket; ticket != nil {
		return *ticket, true
	}
	return host.Ticket{}, false
}

// Enter tries a password on the display of the guest, as a viewer does. The
// channel is closed when the viewer is thrown off.
func (m *Machine) Enter(name, password string) (thrownOff <-chan struct{}, letIn bool) {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	g := m.guest(name)
	if g.ticket == nil || !g.ticket.ValidTo.IsZero() && !time.Now().Before(g.ticket.ValidTo) {
		return nil, false
	}
	wanted := g.ticket.Password
	if g.spec.Display == model.DisplayVNC {
		wanted, password = firstOf(wanted), firstOf(password)
	}
	if wanted != password {
		return nil, false
	}
	viewer := make(chan struct{})
	g.viewers = append(g.viewers, viewer)
	return viewer, true
}

func firstOf(password string) string { return password[:min(len(password), vncPasswordLength)] }
