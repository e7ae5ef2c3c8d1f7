package fake

import (
	"context"
	"fmt"

	"vireo/internal/host"
	"vireo/internal/model"
)

// Foreign describes a guest of AddGuest.
func (c *connection) Foreign(ctx context.Context, id model.ID) (spec *host.GuestSpec, err error) {
	err = c.call(ctx, "Foreign", id, "", func() (*operation, error) {
		g, err := c.machine.find(id)
		switch {
		case err != nil:
			return nil, err
		case g.ours:
			return nil, Refuse(host.RefusedExists, fmt.Sprintf("it is a guest of engine %s", g.spec.Engine))
		case g.state != host.Running && g.state != host.Paused:
			return nil, notNow(g)
		case c.world.behavior(g).Strange != "":
			return nil, Refuse(host.RefusedUnsupported, c.world.behavior(g).Strange)
		}
		spec = model.Clone(&g.spec)
		spec.Engine, spec.Epoch, spec.Given, spec.Seeds, spec.CDROM = "", 0, model.Given{}, nil, g.cdrom
		for i := range spec.Disks {
			spec.Disks[i].ID = ""
		}
		for i := range spec.NICs {
			spec.NICs[i].ID = ""
		}
		return nil, nil
	})
	return spec, err
}

// Adopt marks it.
func (c *connection) Adopt(ctx context.Context, id model.ID, mark host.Mark) error {
	return c.call(ctx, "Adopt", id, "", func() (*operation, error) {
		g, err := c.machine.find(id)
		if err != nil {
			return nil, err
		}
		if g.ours && g.spec.Engine != mark.Engine {
			return nil, Refuse(host.RefusedExists, fmt.Sprintf("it is a guest of engine %s", g.spec.Engine))
		}
		g.ours, g.spec.Engine, g.spec.Epoch, g.spec.Given = true, mark.Engine, mark.Epoch, mark.Given
		g.autostart, g.spec.Autostart = mark.Autostart, false
		c.world.epochs[id] = max(c.world.epochs[id], mark.Epoch)
		return nil, nil
	})
}

// Disown takes the mark away.
func (c *connection) Disown(ctx context.Context, id model.ID) error {
	return c.call(ctx, "Disown", id, "", func() (*operation, error) {
		if g := c.machine.guests[id]; g != nil {
			g.disown()
		}
		return nil, nil
	})
}

func (g *guest) disown() {
	g.ours, g.spec.Engine, g.spec.Epoch, g.spec.Given = false, "", 0, model.Given{}
	g.spec.Autostart = g.spec.Autostart || g.autostart
	g.autostart = false
}

// Release defines it without a mark.
func (c *connection) Release(ctx context.Context, spec *host.GuestSpec) error {
	return c.call(ctx, "Release", spec.ID, spec.Name, func() (*operation, error) {
		m := c.machine
		g := m.guests[spec.ID]
		if g != nil && g.ours && g.spec.Engine != spec.Engine {
			return nil, Refuse(host.RefusedExists, fmt.Sprintf("it is a guest of engine %s", g.spec.Engine))
		}
		if holder, ok := m.names[spec.Name]; ok && holder != spec.ID {
			return nil, Refuse(host.RefusedExists, fmt.Sprintf("the name %s belongs to guest %s", spec.Name, holder))
		}
		if g == nil {
			g = m.define(spec, false)
		}
		delete(m.seeds, spec.ID)
		if !g.alive() {
			g.spec = *model.Clone(spec)
		}
		g.spec.Autostart = spec.Autostart
		g.disown()
		return nil, nil
	})
}
