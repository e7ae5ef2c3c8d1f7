package fake

import "vireo/internal/host"

// Bar cuts the machine off from the storage, or lets it back. Its guests live on: one that
// writes stands still then. What starts the machine leaves that as it is.
func (m *Machine) Bar(to bool) {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	if m.barred == to {
		return
	}
	m.barred = to
	for _, g := range m.guests {
		if !to && g.alive() && g.there == nil {
			m.world.watchReturn(g)
		}
		switch {
		case to && !g.alive() && g.end != host.EndUnknown:
			g.forget() // as long as it does not answer, it is as if it had crashed
		case g.life == 0:
		case to:
			g.enter(DiskBarred, "")
		default:
			g.enter(DiskBack, "")
		}
	}
}

// Barred says whether the machine is cut off from the storage.
func (m *Machine) Barred() bool {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	return m.barred
}
