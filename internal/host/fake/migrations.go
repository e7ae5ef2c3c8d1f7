package fake

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"vireo/internal/host"
	"vireo/internal/model"
)

// The figures of migrations that are made up.
const (
	// shortStop is for how long a guest stands still whose memory fits the link.
	shortStop = 40 * time.Millisecond
	// throttle is how much slower a guest writes in the end that is slowed down, and
	// throttling how many times its memory is carried until then.
	throttle   = 100
	throttling = 5
	// stuck is how long is waited for a monitor or a machine that does not answer.
	stuck = time.Second
)

// moving is a migration that goes on: of a guest, in place of what waits for it.
type moving struct {
	guest *guest
	there *guest
	host.Migration
	// rate and dirty are in bytes per second.
	rate, dirty int64
	began       time.Time
	timer       *time.Timer
	ended       chan struct{}
	// postCopy says that the guest goes on at its destination; broken that the hosts have
	// lost each other, and gone that the destination has no part of it any more.
	postCopy, broken, gone bool
}

// moved is how the latest migration of a guest has ended, for the connection that has
// begun it.
type moved struct {
	by       *connection
	failure  string
	downtime time.Duration
}

// Receive keeps the seeds. What it answers is the spec without them.
func (c *connection) Receive(ctx context.Context, spec *host.GuestSpec) (host.Reception, error) {
	if err := spec.CheckSeeds(); err != nil {
		return host.Reception{}, err
	}
	if err := c.writeSeeds(ctx, spec); err != nil {
		return host.Reception{}, err
	}
	var reception host.Reception
	err := c.call(ctx, "Receive", spec.ID, spec.Name, func() (*operation, error) {
		m := c.machine
		old := m.guests[spec.ID]
		if old != nil && old.alive() {
			return nil, Refuse(host.RefusedExists, fmt.Sprintf("guest %s is there already", spec.ID))
		}
		if holder, ok := m.names[spec.Name]; ok && holder != spec.ID {
			return nil, Refuse(host.RefusedExists, fmt.Sprintf("the name %s belongs to guest %s", spec.Name, holder))
		}
		if old != nil {
			m.remove(old)
		}
		bare := *spec
		bare.Seeds = nil
		text, err := json.Marshal(bare)
		reception.Definition = string(text)
		return nil, err
	})
	return reception, err
}

// BeginMigration begins. What the destination refuses is told by FollowMigration.
func (c *connection) BeginMigration(ctx context.Context, id model.ID, migration host.Migration) error {
	return c.call(ctx, "BeginMigration", id, "", func() (*operation, error) {
		g, err := c.machine.find(id)
		switch {
		case err != nil:
			return nil, err
		case g.moving != nil || !g.alive() && g.end == host.EndMigrated:
			return nil, nil
		case g.saving != nil || g.deaf || g.state != host.Running && g.state != host.Paused || g.there != nil:
			return nil, notNow(g)
		}
		var spec host.GuestSpec
		if err := json.Unmarshal([]byte(migration.Reception.Definition), &spec); err != nil {
			return nil, Refuse(host.RefusedOther, "the destination's answer cannot be read")
		}
		g.moved = &moved{by: c}
		to := c.world.machines[migration.To]
		switch {
		case to == nil || to.down || to.mute != nil:
			g.moved.failure = "the destination does not answer"
			return nil, nil
		case to.barred || c.machine.barred:
			g.moved.failure = "the images cannot be opened"
			return nil, nil
		case to.guests[id] != nil:
			g.moved.failure = "the guest is at the destination already"
			return nil, nil
		}
		if err := to.hasRoom(&spec); err != nil {
			g.moved.failure = err.Error()
			return nil, nil
		}
		g.move(to, &spec, migration)
		return nil, nil
	})
}

// move lets a guest wait at the destination for what is carried there.
func (g *guest) move(to *Machine, spec *host.GuestSpec, migration host.Migration) {
	there := to.define(spec, true)
	there.state, there.pause, there.end = host.Paused, host.PauseWork, ""
	there.console = to.openConsole(*spec)
	to.used += spec.Memory
	w := to.world
	m := &moving{
		guest: g, there: there, Migration: migration, rate: w.options.LinkRate, dirty: w.behavior(g).DirtyRate,
		began: time.Now(), ended: make(chan struct{}),
	}
	if limit := int64(migration.Bandwidth) << 20; limit > 0 {
		m.rate = min(m.rate, limit)
	}
	g.moving, there.there = m, m
	there.emit(host.EventStarted, nil)
	m.schedule()
}

// schedule says when the migration comes to its end: not before it is given more time,
// where the guest writes faster than the link carries.
func (m *moving) schedule() {
	if m.timer != nil {
		m.timer.Stop()
	}
	if m.postCopy {
		m.retry(m.carry(m.guest.spec.Memory))
		return
	}
	memory, rounds, dirty := m.guest.spec.Memory, int64(1), m.dirty
	if dirty >= m.rate && m.AutoConverge {
		rounds, dirty = throttling, dirty/throttle
	}
	left := m.rate - dirty
	if left <= 0 && m.carry(memory) <= m.Downtime {
		left = m.rate
	}
	if left <= 0 {
		return
	}
	takes := time.Duration(float64(memory*rounds) / float64(left) * float64(time.Second))
	m.retry(max(takes-time.Since(m.began), 0))
}

// pass says how often what has changed was gone through when so much has been carried, and
// what is left of the pass: in the first one that is all memory, in each other what the
// guest has written during the one before.
func (m *moving) pass(carried int64) (passes int, left int64) {
	memory, slowed := m.guest.spec.Memory, m.dirty
	size := memory
	for carried >= size && size > 0 {
		carried -= size
		passes++
		if passes >= throttling && m.AutoConverge && m.dirty >= m.rate {
			slowed = m.dirty / throttle
		}
		size = min(int64(float64(size)*float64(slowed)/float64(m.rate)), memory)
	}
	return passes, max(size-carried, 0)
}

// carry is how long so many bytes take.
func (m *moving) carry(size int64) time.Duration {
	return time.Duration(float64(size) / float64(m.rate) * float64(time.Second))
}

func (m *moving) retry(after time.Duration) {
	m.timer = m.guest.machine.world.after(after, func() {
		if m.guest.moving == m {
			m.complete()
		}
	})
}

// complete lets the guest go on at the destination. It is the same guest.
func (m *moving) complete() {
	g, from, to := m.guest, m.guest.machine, m.there.machine
	switch {
	case m.postCopy && (from.down || to.down):
		m.breakOff()
		return
	case from.down || to.down:
		m.fail("the connection between the hosts was lost")
		return
	case to.barred:
		m.fail("the images cannot be opened")
		return
	case g.deaf || from.mute != nil || to.mute != nil:
		m.retry(stuck)
		return
	}
	ran := g.state == host.Running
	if ran && g.spec.Lease != nil && !to.keeper.none && !to.keeper.renews() && !m.postCopy {
		m.fail("Failed to acquire lock")
		return
	}
	g.moved.downtime = shortStop
	if m.dirty >= m.rate && !m.AutoConverge && !m.postCopy {
		g.moved.downtime = m.carry(g.spec.Memory)
	}
	left := &guest{
		machine: from, spec: g.spec, ours: g.ours, state: host.Off, end: host.EndMigrated, moved: g.moved, disks: g.disks,
	}
	from.guests[g.spec.ID] = left
	from.used -= g.spec.Memory
	from.closeConsole(g.console)
	g.throwOff()
	g.endChannel()
	if ran {
		left.emit(host.EventPaused, func(e *host.Event) { e.Pause = host.PauseWork })
	}
	left.emit(host.EventStopped, func(e *host.Event) { e.End = host.EndMigrated })
	g.machine, g.console = to, m.there.console
	if ran {
		g.passLease(to)
	}
	to.guests[g.spec.ID] = g
	if from.barred && g.life != 0 {
		g.enter(DiskBack, "")
	}
	m.there.state = host.Off // it was never more than a place
	g.moving, g.moved = nil, nil
	close(m.ended)
	if ran {
		g.emit(host.EventResumed, nil)
	}
	if g.agent {
		g.emit(host.EventAgentConnected, nil)
	}
}

// fail leaves the guest where it is, and nothing of it at the destination.
func (m *moving) fail(why string) {
	if m.guest.moving != m {
		return
	}
	if m.timer != nil {
		m.timer.Stop()
	}
	m.guest.moving, m.guest.moved.failure = nil, why
	close(m.ended)
	if m.postCopy {
		m.orphan()
		return
	}
	m.clear(host.EndFailed)
}

// clear removes what waits for the guest at its destination.
func (m *moving) clear(end host.End) {
	there := m.there
	there.there = nil
	if there.alive() {
		there.stopCPUs()
		there.state, there.end = host.Off, end
		there.machine.used -= there.spec.Memory
		there.machine.closeConsole(there.console)
		there.emit(host.EventStopped, func(e *host.Event) { e.End = end })
		there.machine.world.watchEnd(there)
		if there.life != 0 {
			there.closeDisk(end)
			there.forget() // its definition goes with it: nobody says why it has ended
		}
	}
	there.machine.remove(there)
}

// FollowMigration waits for the end.
func (c *connection) FollowMigration(ctx context.Context, id model.ID, wait time.Duration) (host.MigrationProgress, error) {
	progress := host.MigrationProgress{State: host.MigrationNone, Downtime: -1}
	err := c.call(ctx, "FollowMigration", id, "", func() (*operation, error) {
		g, err := c.machine.find(id)
		if err != nil || g.moving == nil {
			return nil, err
		}
		op, ended := newOperation(), g.moving.ended
		timer := time.NewTimer(wait)
		go func() {
			defer timer.Stop()
			select {
			case <-ended:
			case <-timer.C:
			case <-ctx.Done():
			case <-c.done:
			}
			op.finish(nil)
		}()
		return op, nil
	})
	if err != nil {
		return progress, err
	}
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	g, err := c.machine.find(id)
	switch {
	case err != nil:
		return progress, err
	case g.moving != nil:
		m := g.moving
		progress.State, progress.Total = host.Migrating, g.spec.Memory
		progress.Done = int64(time.Since(m.began).Seconds() * float64(m.rate))
		progress.Passes, progress.Left = m.pass(progress.Done)
		if m.broken {
			progress.State = host.MigrationBroken
		}
	case !g.alive() && g.end == host.EndMigrated:
		progress.State, progress.Done, progress.Total, progress.Passes = host.Migrated, g.spec.Memory, g.spec.Memory, 1
		if g.moved != nil {
			progress.Downtime = g.moved.downtime
		}
	case !g.alive():
		return progress, notNow(g)
	case g.moved != nil && g.moved.by == c:
		progress.Failure = g.moved.failure
	}
	return progress, nil
}

// StretchMigration gives the end more time.
func (c *connection) StretchMigration(ctx context.Context, id model.ID, downtime time.Duration) error {
	return c.call(ctx, "StretchMigration", id, "", func() (*operation, error) {
		g, err := c.machine.find(id)
		if err != nil {
			return nil, err
		}
		if g.moving == nil {
			return nil, notNow(g)
		}
		g.moving.Downtime = downtime
		g.moving.schedule()
		return nil, nil
	})
}

// AbortMigration gives up; one whose monitor hangs does not hear of it.
func (c *connection) AbortMigration(ctx context.Context, id model.ID) error {
	return c.call(ctx, "AbortMigration", id, "", func() (*operation, error) {
		g := c.machine.guests[id]
		if g == nil || g.moving == nil {
			return nil, nil
		}
		aborted := g.moving
		if aborted.broken {
			return nil, nil
		}
		if aborted.postCopy {
			op := newOperation()
			go func() {
				<-aborted.ended
				op.finish(nil)
			}()
			return op, nil
		}
		if !g.deaf {
			aborted.fail("it was aborted")
			return nil, nil
		}
		op := newOperation()
		g.waiting = append(g.waiting, func() {
			aborted.fail("it was aborted")
			op.finish(nil)
		})
		return op, nil
	})
}

// Allowed is for how long a guest on its way may stand still at the end; 0 when it is on none.
func (w *World) Allowed(id model.ID) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if g := w.running[id]; g != nil && g.moving != nil {
		return g.moving.Downtime
	}
	return 0
}

// Moving says whether a guest is on its way, by id, wherever it is.
func (w *World) Moving(id model.ID) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	g := w.running[id]
	return g != nil && g.moving != nil
}
