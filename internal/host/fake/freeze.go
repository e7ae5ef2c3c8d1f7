package fake

import (
	"context"

	"vireo/internal/model"
)

// whileFrozen are the calls that the agent of a frozen guest answers.
var whileFrozen = []string{"AgentPing", "AgentFreeze", "AgentThaw", "AgentFrozen"}

// AgentFreeze freezes the file systems of a guest that has any.
func (c *connection) AgentFreeze(ctx context.Context, id model.ID) error {
	return c.agent(ctx, "AgentFreeze", id, func(g *guest) {
		g.frozen = !c.world.behavior(g).NoFileSystems
	})
}

// AgentThaw thaws them.
func (c *connection) AgentThaw(ctx context.Context, id model.ID) error {
	return c.agent(ctx, "AgentThaw", id, func(g *guest) { g.frozen = false })
}

// AgentFrozen says whether they are frozen.
func (c *connection) AgentFrozen(ctx context.Context, id model.ID) (frozen bool, err error) {
	err = c.agent(ctx, "AgentFrozen", id, func(g *guest) { frozen = g.frozen })
	return frozen, err
}

// Freeze is somebody inside the guest who freezes its file systems, Thaw one who
// thaws them.
func (m *Machine) Freeze(name string) {
	m.inside(name, func(g *guest) { g.frozen = true })
}

// Thaw thaws the file systems from inside.
func (m *Machine) Thaw(name string) {
	m.inside(name, func(g *guest) { g.frozen = false })
}

// Frozen says whether the file systems of a guest are frozen.
func (m *Machine) Frozen(name string) bool {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	return m.guest(name).frozen
}
