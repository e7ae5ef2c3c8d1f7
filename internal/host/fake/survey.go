package fake

import (
	"context"
	"strings"
	"time"

	"vireo/internal/host"
	"vireo/internal/model"
)

// Facts reads what the machine is.
func (c *connection) Facts(ctx context.Context) (facts model.HostFacts, err error) {
	err = c.call(ctx, "Facts", "", "", func() (*operation, error) {
		facts = *model.Clone(&c.machine.facts)
		return nil, nil
	})
	return facts, err
}

// Networks reads the machine's networks.
func (c *connection) Networks(ctx context.Context) (facts model.HostFacts, err error) {
	err = c.call(ctx, "Networks", "", "", func() (*operation, error) {
		of := c.machine.facts
		facts = *model.Clone(&model.HostFacts{Networks: of.Networks, NetworkVLANs: of.NetworkVLANs, Bridges: of.Bridges, NICs: of.NICs})
		return nil, nil
	})
	return facts, err
}

// BootID changes with Machine.Restart.
func (c *connection) BootID(ctx context.Context) (id string, err error) {
	err = c.call(ctx, "BootID", "", "", func() (*operation, error) {
		id = c.machine.bootID
		return nil, nil
	})
	return id, err
}

// Alive answers.
func (c *connection) Alive(ctx context.Context) error {
	return c.call(ctx, "Alive", "", "", func() (*operation, error) { return nil, nil })
}

// Memory is what the guests that run leave of the machine's memory.
func (c *connection) Memory(ctx context.Context) (free, total int64, err error) {
	err = c.call(ctx, "Memory", "", "", func() (*operation, error) {
		free, total = c.machine.memory()
		return nil, nil
	})
	return free, total, err
}

func (m *Machine) memory() (free, total int64) {
	return max(m.facts.Memory-m.used, 0), m.facts.Memory
}

// Load makes up what the machine is doing: its guests take a tenth of their CPUs, and the
// memory that they have been given.
func (c *connection) Load(ctx context.Context) (load host.Load, err error) {
	err = c.call(ctx, "Load", "", "", func() (*operation, error) {
		load = c.machine.load()
		return nil, nil
	})
	return load, err
}

func (m *Machine) load() host.Load {
	now := time.Now()
	free, total := m.memory()
	all := now.Sub(m.started) * time.Duration(m.facts.Topology.Count())
	load := host.Load{
		Taken: now, CPUUser: all / 10, CPUSystem: all / 20,
		MemoryTotal: total, MemoryFree: free / 2, MemoryBuffers: free / 8, MemoryCached: free / 4, MemoryShared: 0,
		Known: true, SwapTotal: 1 << 30, SwapFree: 1 << 30, Load5: 0.5, Booted: m.started, NICsTaken: now,
	}
	load.CPUIdle = all - load.CPUUser - load.CPUSystem
	for _, nic := range m.facts.NICs {
		ticks := int64(now.Sub(m.started) / time.Millisecond)
		load.NICs = append(load.NICs, host.NICLoad{Name: nic.Name, ReceivedBytes: ticks * 100, SentBytes: ticks * 10})
	}
	return load
}

// Guests lists all guests.
func (c *connection) Guests(ctx context.Context) (guests []host.Guest, err error) {
	err = c.call(ctx, "Guests", "", "", func() (*operation, error) {
		guests = c.machine.list()
		return nil, nil
	})
	return guests, err
}

func (m *Machine) list() []host.Guest {
	out := make([]host.Guest, 0, len(m.guests))
	for _, g := range m.guests {
		out = append(out, g.show())
	}
	return out
}

// Guest looks at one guest.
func (c *connection) Guest(ctx context.Context, id model.ID) (out host.Guest, err error) {
	err = c.call(ctx, "Guest", id, "", func() (*operation, error) {
		g, err := c.machine.find(id)
		if err != nil {
			return nil, err
		}
		out = g.show()
		return nil, nil
	})
	return out, err
}

func (m *Machine) find(id model.ID) (*guest, error) {
	if g := m.guests[id]; g != nil {
		return g, nil
	}
	return nil, host.ErrNotFound
}

// hostName is the host's part of an address such as fake://name/path.
func hostName(address string) string {
	if _, rest, ok := strings.Cut(address, "://"); ok {
		address = rest
	}
	name, _, _ := strings.Cut(address, "/")
	if name == "" {
		return "local"
	}
	return name
}
