package fake

import (
	"fmt"
	"time"

	"vireo/internal/host"
	"vireo/internal/model"
)

// guest finds a guest by name or id; one that is not there is an error of the
// test and panics.
func (m *Machine) guest(nameOrID string) *guest {
	if id, ok := m.names[nameOrID]; ok {
		return m.guests[id]
	}
	if g := m.guests[model.ID(nameOrID)]; g != nil {
		return g
	}
	panic(fmt.Sprintf("machine %s has no guest %q", m.address, nameOrID))
}

// to does something to a guest that has a QEMU; without one nothing happens.
func (m *Machine) to(nameOrID string, do func(*guest)) {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	if g := m.guest(nameOrID); g.alive() {
		do(g)
	}
}

// inside does something that only software can do which runs, or would if its
// CPUs did.
func (m *Machine) inside(name string, do func(*guest)) {
	m.to(name, func(g *guest) {
		if g.state == host.Running || g.state == host.Paused {
			do(g)
		}
	})
}

// PowerOff lets the guest power itself off: shutting down, then off after
// Options.ReapDelay.
func (m *Machine) PowerOff(name string) {
	m.inside(name, (*guest).powerOff)
}

// Reset lets the guest restart itself.
func (m *Machine) Reset(name string) {
	m.inside(name, (*guest).reset)
}

// Kill ends the guest's QEMU as a signal would.
func (m *Machine) Kill(name string) {
	m.to(name, func(g *guest) { g.quit(host.EndCrashed, true) })
}

// Panic lets the guest's kernel panic; it is kept, or QEMU ends.
func (m *Machine) Panic(name string, keep bool) {
	m.inside(name, func(g *guest) {
		g.stopCPUs()
		g.stopDoing()
		g.closeAgent()
		g.state, g.pause = host.Crashed, ""
		g.emit(host.EventPanicked, nil)
		if !keep {
			g.quit(host.EndCrashed, true)
		}
	})
}

// IOError pauses the guest for an error of the image at path; reason is
// PauseIO, PauseNoSpace or PausePerm.
func (m *Machine) IOError(name string, reason host.Pause, path string) {
	m.inside(name, func(g *guest) {
		g.emit(host.EventIOError, func(e *host.Event) { e.Pause, e.Path = reason, path })
		g.hold(reason, func(e *host.Event) { e.Path = path })
	})
}

// Watchdog fires the guest's watchdog, which pauses it or resets it.
func (m *Machine) Watchdog(name string, pause bool) {
	m.inside(name, func(g *guest) {
		g.emit(host.EventWatchdog, nil)
		if pause {
			g.hold(host.PauseWatchdog, nil)
		} else {
			g.reset()
		}
	})
}

// PauseGuest is a pause by somebody else, who works on the machine past the engine.
func (m *Machine) PauseGuest(name string) {
	m.inside(name, func(g *guest) { g.hold(host.PauseUser, nil) })
}

// ResumeGuest is somebody else's resume.
func (m *Machine) ResumeGuest(name string) {
	m.to(name, func(g *guest) {
		if g.state == host.Paused && g.saving == nil {
			g.run()
			g.emit(host.EventResumed, nil)
		}
	})
}

// DestroyGuest is somebody else's destroy.
func (m *Machine) DestroyGuest(name string) {
	m.to(name, func(g *guest) { g.quit(host.EndDestroyed, true) })
}

// StartGuest is somebody else's start of a guest that is defined.
func (m *Machine) StartGuest(name string) {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	if g := m.guest(name); !g.alive() {
		m.world.watchFreshBoot(g)
		g.start(false, nil)
	}
}

// ForgetGuest is somebody else's removal of a guest, which is destroyed first.
func (m *Machine) ForgetGuest(name string) {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	g := m.guest(name)
	if g.alive() {
		g.quit(host.EndDestroyed, true)
	}
	m.remove(g)
}

// AddGuest starts a guest that Vireo did not; without ours it carries no
// metadata either.
func (m *Machine) AddGuest(spec *host.GuestSpec, ours bool) {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	m.define(spec, ours).start(spec.Paused, nil)
}

// Hold has the machine's libvirt stay at work on a guest, as libvirt 9.0 can when QEMU dies
// in post-copy: off or not, it is neither started nor forgotten there until the daemon
// restarts.
func (m *Machine) Hold(name string) {
	m.to(name, func(g *guest) { g.held = true })
}

var errHeld = Refuse(host.RefusedResource, "libvirt is at other work on the guest")

// HangMonitor makes the guest's QEMU deaf: calls that need its monitor hang,
// until AnswerMonitor or its end. The guest itself runs on.
func (m *Machine) HangMonitor(name string) {
	m.to(name, func(g *guest) {
		if !g.deaf {
			g.deaf, g.since = true, time.Now()
		}
	})
}

// AnswerMonitor ends HangMonitor; what has waited is done.
func (m *Machine) AnswerMonitor(name string) {
	m.to(name, (*guest).hear)
}

// LoseAgent closes the agent's channel, as when the service inside is stopped;
// FindAgent opens it.
func (m *Machine) LoseAgent(name string) {
	m.inside(name, (*guest).closeAgent)
}

// FindAgent opens the agent's channel of a guest that has one.
func (m *Machine) FindAgent(name string) {
	m.inside(name, (*guest).openAgent)
}

// LoseEvents makes the machine lose all events of a kind from now on, as a daemon
// does that is too busy.
func (m *Machine) LoseEvents(kind host.EventKind) {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	if m.lost == nil {
		m.lost = make(map[host.EventKind]bool)
	}
	m.lost[kind] = true
}

// TellLate tells of something that has been over for long.
func (m *Machine) TellLate(name string, kind host.EventKind) {
	m.to(name, func(g *guest) { g.emit(kind, nil) })
}

// EjectCDROM is a guest that opens its own drive.
func (m *Machine) EjectCDROM(name string) {
	m.inside(name, func(g *guest) {
		g.cdrom = ""
		g.emit(host.EventMediumChanged, nil)
	})
}

// Uptime is how long the software inside the guest has lived: it goes on
// through pause, save and restore, and starts anew with a boot or a reset.
func (m *Machine) Uptime(name string) time.Duration {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	_, uptime := m.guest(name).times()
	return uptime
}

// StartsWithHost says whether the machine starts a guest when it starts itself, as its
// owner has told it.
func (m *Machine) StartsWithHost(name string) bool {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	return m.guest(name).spec.Autostart
}
