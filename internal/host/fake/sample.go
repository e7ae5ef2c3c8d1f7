package fake

import (
	"context"
	"time"

	"vireo/internal/host"
)

// Stats samples all guests that have a QEMU. The counters rise with the time
// that the CPUs have run.
func (c *connection) Stats(ctx context.Context) (samples []host.Sample, err error) {
	err = c.call(ctx, "Stats", "", "", func() (*operation, error) {
		samples = make([]host.Sample, 0, len(c.machine.guests))
		for _, g := range c.machine.guests {
			if g.alive() {
				samples = append(samples, g.sample())
			}
		}
		return nil, nil
	})
	return samples, err
}

func (g *guest) sample() host.Sample {
	now := time.Now()
	if g.deaf {
		return host.Sample{
			Guest: g.spec.ID, Taken: now, Hung: true, Since: now.Sub(g.since),
			MemoryInstalled: -1, MemoryUnused: -1, MemoryBuffered: -1, MemoryCached: -1, MemoryResident: -1,
		}
	}
	cpu, _ := g.times()
	percent := time.Duration(5 + g.number()%40)
	used := cpu * percent / 100 * time.Duration(g.spec.Topology.Count())
	memory := g.spec.Memory
	s := host.Sample{
		Guest: g.spec.ID, Taken: now,
		CPUTime: used, SystemTime: used / 10, UserTime: used / 20,
		MemoryInstalled: memory, MemoryResident: memory / 2,
		MemoryUnused: -1, MemoryBuffered: -1, MemoryCached: -1,
	}
	if g.spec.Ballooning && g.booted {
		// It breathes, so that graphs move.
		swing := int64(cpu/time.Second) % 16
		s.MemoryUnused = memory/2 - memory/64*swing
		s.MemoryBuffered = memory / 32
		s.MemoryCached = memory / 8
	}
	ticks := int64(cpu / time.Millisecond)
	for _, d := range g.disks {
		s.Disks = append(s.Disks, host.DiskSample{
			Disk: d.ID, ReadBytes: ticks * 4096, WriteBytes: ticks * 1024, ReadRequests: ticks, WriteRequests: ticks / 4,
		})
	}
	for _, n := range g.nics {
		sample := host.NICSample{MAC: n.MAC}
		if n.Linked {
			sample.ReceivedBytes, sample.SentBytes = ticks*1500, ticks*300
		}
		s.NICs = append(s.NICs, sample)
	}
	return s
}
