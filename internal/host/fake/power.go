package fake

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"vireo/internal/host"
	"vireo/internal/model"
)

// Boot defines the guest and starts it.
func (c *connection) Boot(ctx context.Context, spec *host.GuestSpec) error {
	if err := c.writeSeeds(ctx, spec); err != nil {
		return err
	}
	return c.call(ctx, "Boot", spec.ID, spec.Name, func() (*operation, error) {
		return nil, c.machine.launch(spec, nil)
	})
}

// launch starts a guest, from its saved state when not nil.
func (m *Machine) launch(spec *host.GuestSpec, saved *savedState) error {
	if err := spec.CheckSeeds(); err != nil {
		return err
	}
	old := m.guests[spec.ID]
	if old != nil && old.alive() {
		if old.ours && old.spec.Engine == spec.Engine && old.spec.Epoch == spec.Epoch {
			return nil
		}
		return Refuse(host.RefusedExists, fmt.Sprintf("guest %s runs already, with epoch %d", spec.ID, old.spec.Epoch))
	}
	if holder, ok := m.names[spec.Name]; ok && holder != spec.ID {
		return Refuse(host.RefusedExists, fmt.Sprintf("the name %s belongs to guest %s", spec.Name, holder))
	}
	if old != nil && old.held {
		return errHeld
	}
	if old != nil {
		m.remove(old)
	}
	if err := m.hasRoom(spec); err != nil {
		return err
	}
	if m.barred {
		return Refuse(host.RefusedResource, "the images cannot be opened")
	}
	g := m.define(spec, true)
	if !spec.Paused && !g.takeLease(m) {
		return Refuse(host.RefusedOther, "Failed to acquire lock: the lease is held, or the lockspace is not joined")
	}
	if saved == nil {
		m.world.watchFreshBoot(g)
	}
	g.start(spec.Paused, saved)
	return nil
}

func (m *Machine) define(spec *host.GuestSpec, ours bool) *guest {
	g := &guest{machine: m, spec: *model.Clone(spec), ours: ours, state: host.Off, end: host.EndUnknown}
	m.guests[spec.ID] = g
	m.names[spec.Name] = spec.ID
	g.emit(host.EventDefined, nil)
	return g
}

func (m *Machine) remove(g *guest) {
	delete(m.guests, g.spec.ID)
	delete(m.names, g.spec.Name)
	g.emit(host.EventForgotten, nil)
}

// hasRoom says whether memory and networks are there.
func (m *Machine) hasRoom(spec *host.GuestSpec) error {
	if free, _ := m.memory(); spec.Memory > free {
		return Refuse(host.RefusedResource, fmt.Sprintf("cannot allocate %d bytes of memory: %d are free", spec.Memory, free))
	}
	for _, nic := range spec.NICs {
		if err := m.hasNetwork(nic); err != nil {
			return err
		}
	}
	return nil
}

func (m *Machine) hasNetwork(nic host.NICSpec) error {
	switch {
	case nic.User:
	case nic.Bridge != "" && !slices.Contains(m.facts.Bridges, nic.Bridge):
		return Refuse(host.RefusedResource, fmt.Sprintf("there is no bridge %s", nic.Bridge))
	case nic.Bridge == "" && nic.Network != "" && !slices.Contains(m.facts.Networks, nic.Network):
		return Refuse(host.RefusedResource, fmt.Sprintf("network %s is not active", nic.Network))
	}
	return nil
}

// refused keeps the promise that a refused start leaves nothing of the guest.
func (c *connection) refused(name string, id model.ID, err error) error {
	var refusal *host.RefusedError
	if !slices.Contains([]string{"Boot", "Restore", "Receive", WriteSeeds}, name) || !errors.As(err, &refusal) {
		return err
	}
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	g := c.machine.guests[id]
	if g != nil && (g.alive() || g.held) {
		return err
	}
	delete(c.machine.seeds, id)
	if g != nil && refusal.Code != host.RefusedExists {
		c.machine.remove(g)
	}
	return err
}

// Destroy ends the guest at once.
func (c *connection) Destroy(ctx context.Context, id model.ID) error {
	return c.call(ctx, "Destroy", id, "", func() (*operation, error) {
		if g := c.machine.guests[id]; g != nil && g.alive() {
			g.quit(host.EndDestroyed, true)
		}
		return nil, nil
	})
}

// Forget removes the definition of a guest that is off, and its seeds.
func (c *connection) Forget(ctx context.Context, id model.ID) error {
	return c.call(ctx, "Forget", id, "", func() (*operation, error) {
		g := c.machine.guests[id]
		if g != nil && g.alive() {
			return nil, Refuse(host.RefusedState, "the guest runs")
		}
		if g != nil && g.held {
			return nil, errHeld
		}
		if g != nil {
			c.machine.remove(g)
		}
		delete(c.machine.seeds, id)
		return nil, nil
	})
}

// Pause stops the CPUs.
func (c *connection) Pause(ctx context.Context, id model.ID) error {
	return c.live(ctx, "Pause", id, func(g *guest) error {
		switch g.state {
		case host.Running:
			g.hold(host.PauseUser, nil)
		case host.Paused:
		default:
			return notNow(g)
		}
		return nil
	})
}

// Resume lets the CPUs run.
func (c *connection) Resume(ctx context.Context, id model.ID) error {
	return c.live(ctx, "Resume", id, func(g *guest) error {
		switch {
		case g.state == host.Running:
		case g.state == host.Paused && g.saving == nil && g.there == nil && (g.moving == nil || !g.moving.postCopy):
			if !g.takeLease(g.machine) {
				return Refuse(host.RefusedOther, "Failed to acquire lock: the lease is held, or the lockspace is not joined")
			}
			g.run()
			g.emit(host.EventResumed, nil)
		default:
			return notNow(g)
		}
		return nil
	})
}

// PressPower sends the ACPI power button.
func (c *connection) PressPower(ctx context.Context, id model.ID) error {
	return c.live(ctx, "PressPower", id, func(g *guest) error {
		g.button(g.powerOff)
		return nil
	})
}

// Reboot asks for a restart by ACPI.
func (c *connection) Reboot(ctx context.Context, id model.ID) error {
	return c.live(ctx, "Reboot", id, func(g *guest) error {
		g.button(g.reset)
		return nil
	})
}

// live does something to a guest that has a QEMU, through its monitor: when
// that hangs, so does the call.
func (c *connection) live(ctx context.Context, name string, id model.ID, do func(*guest) error) error {
	return c.call(ctx, name, id, "", func() (*operation, error) {
		g, err := c.machine.find(id)
		if err != nil {
			return nil, err
		}
		if !g.alive() {
			return nil, notNow(g)
		}
		if !g.deaf {
			return nil, do(g)
		}
		op := newOperation()
		g.waiting = append(g.waiting, func() {
			if !g.alive() {
				op.finish(notNow(g))
				return
			}
			op.finish(do(g))
		})
		return op, nil
	})
}

func notNow(g *guest) error {
	return Refuse(host.RefusedState, fmt.Sprintf("the guest is %s", g.state))
}
