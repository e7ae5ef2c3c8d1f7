package fake

import (
	"context"
	"slices"
	"time"

	"vireo/internal/host"
	"vireo/internal/model"
)

// FinishMigration lets the guest go on at its destination.
func (c *connection) FinishMigration(ctx context.Context, id model.ID) error {
	return c.call(ctx, "FinishMigration", id, "", func() (*operation, error) {
		g, err := c.machine.find(id)
		switch {
		case err != nil:
			return nil, err
		case !g.alive() && g.end == host.EndMigrated || g.moving != nil && g.moving.postCopy:
			return nil, nil
		case g.moving == nil || !g.moving.PostCopy:
			return nil, notNow(g)
		}
		// It is in a hurry: what limits the rest of the migration does not limit this.
		g.moving.postCopy, g.moving.rate = true, c.world.options.LinkRate
		g.emit(host.EventPaused, func(e *host.Event) { e.Pause = host.PauseWork })
		g.moving.there.emit(host.EventResumed, nil)
		g.moving.schedule()
		return nil, nil
	})
}

// ResumeMigration connects the two halves again, where the other host is there.
func (c *connection) ResumeMigration(ctx context.Context, id model.ID, _ host.Migration) error {
	return c.call(ctx, "ResumeMigration", id, "", func() (*operation, error) {
		g, err := c.machine.find(id)
		if err != nil {
			return nil, err
		}
		m := g.moving
		if m == nil || !m.broken {
			return nil, notNow(g)
		}
		if to := m.there.machine; m.gone || to.down || to.mute != nil {
			return nil, nil
		}
		m.connect()
		return nil, nil
	})
}

// connect is the end of a break: the rest of the memory goes over.
func (m *moving) connect() {
	m.broken = false
	m.there.emit(host.EventResumed, nil)
	m.schedule()
}

// breakOff leaves the guest where it is: on two hosts. The half at the destination runs
// on, for how long depends on the memory that it has.
func (m *moving) breakOff() {
	m.broken = true
	if m.timer != nil {
		m.timer.Stop()
	}
	m.guest.emit(host.EventPaused, func(e *host.Event) { e.Pause = host.PausePostCopy })
	m.there.emit(host.EventResumed, nil)
}

// orphan lets the half at the destination be the guest, as far as anything is: its source
// has ended, and it runs on with the disks.
func (m *moving) orphan() {
	m.broken = true
	if m.gone {
		return
	}
	g, half := m.guest, m.there
	w := half.machine.world
	half.state, half.pause, half.disks = host.Running, "", slices.Clone(g.disks)
	half.life, half.known, g.life = g.life, g.known, 0
	w.running[half.spec.ID] = half
	for _, disk := range half.disks {
		if w.writers[disk.Path] == g {
			w.writers[disk.Path] = half
		}
	}
	half.resumed = time.Now()
	g.dropLease()
	half.takeLease(half.machine)
	half.emit(host.EventResumed, nil)
	half.write()
	if half.doing != nil { // it was reset while it waited
		half.schedule(half.doing)
	}
}

// leave is the end of what is at the destination: while the guest is not there it was no
// more than a place, and afterwards a half that the other cannot live without.
func (m *moving) leave(end host.End) {
	switch {
	case m.guest.moving != m:
		m.clear(end)
	case m.postCopy:
		m.gone = true
		m.breakOff()
		m.guest.stopCPUs() // they were those of the half
		m.guest.state, m.guest.pause = host.Paused, host.PausePostCopy
		m.clear(end)
	default:
		m.fail("the destination gave it up")
	}
}

// halves shows what the two hosts say of a guest that is on both.
func (g *guest) halves(out *host.Guest) {
	m, at := g.there, host.Running
	if g.moving != nil {
		m, at = g.moving, host.Paused
	}
	if m == nil || !m.postCopy || !g.alive() {
		return
	}
	out.PostCopy, out.State, out.Pause = true, at, ""
	switch {
	case at == host.Paused && m.broken:
		out.Pause = host.PausePostCopy
	case at == host.Paused:
		out.Pause = host.PauseWork
	}
}

// BreakMigration has the two hosts of a migration in post-copy lose each other.
func (w *World) BreakMigration(id model.ID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if g := w.running[id]; g != nil && g.moving != nil && g.moving.postCopy {
		g.moving.breakOff()
	}
}

// MendMigration has the two hosts of a broken one find each other by themselves, and carry
// what is left at rate bytes a second: what they were told to do before may succeed late.
func (w *World) MendMigration(id model.ID, rate int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if g := w.running[id]; g != nil && g.moving != nil && g.moving.broken && !g.moving.gone {
		g.moving.rate = rate
		g.moving.connect()
	}
}
