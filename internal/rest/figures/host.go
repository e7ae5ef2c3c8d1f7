package figures

import "vireo/internal/model"

// hostStatistics are the figures of a host, in the order and with the units of the engine
// 3.6. known leaves those out that this host cannot tell; nil is always.
var hostStatistics = []struct {
	name, description, values, unit string
	figure                          func(*model.HostStats) float64
	known                           func(*model.HostStats) bool
}{
	{"memory.total", "Total memory", "INTEGER", "BYTES", func(s *model.HostStats) float64 { return float64(s.MemoryTotal) }, nil},
	{"memory.used", "Used memory", "INTEGER", "BYTES", func(s *model.HostStats) float64 { return float64(used(s)) }, sampled},
	{"memory.free", "Free memory", "INTEGER", "BYTES", func(s *model.HostStats) float64 { return float64(s.MemoryTotal - used(s)) }, sampled},
	{"memory.shared", "Memory saved by merging pages", "INTEGER", "BYTES", func(s *model.HostStats) float64 { return float64(s.MemoryShared) }, sampled},
	{"memory.buffers", "Buffers of block devices", "INTEGER", "BYTES", func(s *model.HostStats) float64 { return float64(s.MemoryBuffers) }, sampled},
	{"memory.cached", "Caches of files", "INTEGER", "BYTES", func(s *model.HostStats) float64 { return float64(s.MemoryCached) }, sampled},
	{"swap.total", "Total swap", "INTEGER", "BYTES", func(s *model.HostStats) float64 { return float64(s.SwapTotal) }, toldAll},
	{"swap.free", "Free swap", "INTEGER", "BYTES", func(s *model.HostStats) float64 { return float64(s.SwapFree) }, toldAll},
	{"swap.used", "Used swap", "INTEGER", "BYTES", func(s *model.HostStats) float64 { return float64(s.SwapTotal - s.SwapFree) }, toldAll},
	{"swap.cached", "Swap that is in memory too", "INTEGER", "BYTES", func(s *model.HostStats) float64 { return float64(s.SwapCached) }, toldAll},
	// What merging costs is nothing while it is off, and else nobody says.
	{"ksm.cpu.current", "CPU used for merging pages", "DECIMAL", "PERCENT", func(*model.HostStats) float64 { return 0 }, func(s *model.HostStats) bool { return s.Known && !s.Merging }},
	{"cpu.current.user", "CPU used by users", "DECIMAL", "PERCENT", func(s *model.HostStats) float64 { return s.CPUUser }, sampled},
	{"cpu.current.system", "CPU used by the system", "DECIMAL", "PERCENT", func(s *model.HostStats) float64 { return s.CPUSystem }, sampled},
	{"cpu.current.idle", "CPU that is idle", "DECIMAL", "PERCENT", func(s *model.HostStats) float64 { return s.CPUIdle }, sampled},
	{"cpu.load.avg.5m", "Average load of five minutes", "DECIMAL", "PERCENT", func(s *model.HostStats) float64 { return s.Load5 }, toldAll},
	{"boot.time", "When the machine was started", "INTEGER", "NONE", func(s *model.HostStats) float64 { return float64(s.Booted.Unix()) }, toldAll},
}

func sampled(s *model.HostStats) bool { return !s.Taken.IsZero() }

func toldAll(s *model.HostStats) bool { return sampled(s) && s.Known }

// used is what neither is free nor could be at once.
func used(s *model.HostStats) int64 {
	return max(s.MemoryTotal-s.MemoryFree-s.MemoryBuffers-s.MemoryCached, 0)
}

// OfHost are those figures of a host that are known.
func OfHost(stats *model.HostStats) []Figure {
	var out []Figure
	for _, row := range hostStatistics {
		if row.known == nil || row.known(stats) {
			out = append(out, Figure{Name: row.name, Description: row.description, Values: row.values, Unit: row.unit, Datum: row.figure(stats)})
		}
	}
	return out
}

// nicStatistics are the figures of a network interface.
var nicStatistics = []struct {
	name, description, values, unit string
	counter                         bool
	figure                          func(model.NICStats) float64
}{
	{"data.current.rx", "Receive data rate", "DECIMAL", "BYTES_PER_SECOND", false, func(s model.NICStats) float64 { return s.ReceivedRate }},
	{"data.current.tx", "Transmit data rate", "DECIMAL", "BYTES_PER_SECOND", false, func(s model.NICStats) float64 { return s.SentRate }},
	{"errors.total.rx", "Total receive errors", "INTEGER", "NONE", true, func(s model.NICStats) float64 { return float64(s.ReceivedErrors) }},
	{"errors.total.tx", "Total transmit errors", "INTEGER", "NONE", true, func(s model.NICStats) float64 { return float64(s.SentErrors) }},
}

// OfHostNIC are the figures of a network interface of a host, if they are known.
func OfHostNIC(stats *model.HostStats, name string) []Figure {
	figures, known := stats.NICs[name]
	if !known {
		return nil
	}
	out := make([]Figure, len(nicStatistics))
	for i, row := range nicStatistics {
		out[i] = Figure{Name: row.name, Description: row.description, Values: row.values, Unit: row.unit, Counter: row.counter, Datum: row.figure(figures)}
	}
	return out
}
