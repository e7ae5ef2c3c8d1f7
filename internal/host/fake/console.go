package fake

import (
	"vireo/internal/host"
	"vireo/internal/model"
)

const firstPort, lastPort = 5900, 65535

// openConsole gives a guest's display a port of its own.
func (m *Machine) openConsole(spec host.GuestSpec) model.Console {
	if spec.Display == "" {
		return model.Console{}
	}
	for range lastPort - firstPort + 1 {
		port := firstPort + m.nextPort
		m.nextPort = (m.nextPort + 1) % (lastPort - firstPort + 1)
		if !m.ports[port] {
			m.ports[port] = true
			address := spec.DisplayAddress
			if address == "" {
				address = "127.0.0.1"
			}
			return model.Console{Address: address, Port: port}
		}
	}
	return model.Console{}
}

func (m *Machine) closeConsole(c model.Console) { delete(m.ports, c.Port) }
