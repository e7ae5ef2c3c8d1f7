package fake

import (
	"encoding/json"
	"time"

	"vireo/internal/host"
	"vireo/internal/model"
)

// MigrateGuest has a guest go to another machine at once, as by somebody's hand. It says
// whether it did.
func (w *World) MigrateGuest(id model.ID, address string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	g, to := w.running[id], w.machines[address]
	if g == nil || to == nil || g.moving != nil {
		return false
	}
	if old := to.guests[id]; old != nil && old.alive() {
		return false
	} else if old != nil {
		to.remove(old)
	}
	text, err := json.Marshal(g.spec)
	var spec host.GuestSpec
	if err != nil || json.Unmarshal(text, &spec) != nil {
		return false
	}
	g.moved = &moved{}
	g.move(to, &spec, host.Migration{Downtime: time.Hour})
	g.moving.timer.Stop()
	g.moving.complete()
	return true
}

// KeepCopy has the machine's libvirt take a guest that has migrated from it for one that it
// still has, paused, as when the hosts lose each other in the last moment of a migration.
func (m *Machine) KeepCopy(name string) {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	if g := m.guest(name); !g.alive() {
		g.state, g.pause, g.end = host.Paused, host.PauseUser, ""
		g.console = m.openConsole(g.spec)
		m.used += g.spec.Memory
	}
}
