package figures

import "vireo/internal/model"

// vmStatistics are the figures of a VM in the order of api-v3 2.6. Their ids
// follow from their names.
var vmStatistics = []struct {
	name, description, values, unit string
	figure                          func(*model.VMStats) float64
}{
	{"memory.installed", "Total memory configured", "INTEGER", "BYTES", func(s *model.VMStats) float64 { return float64(s.MemoryInstalled) }},
	{"memory.used", "Memory used (agent)", "INTEGER", "BYTES", func(s *model.VMStats) float64 { return float64(s.MemoryUsed) }},
	{"cpu.current.guest", "CPU used by guest", "DECIMAL", "PERCENT", func(s *model.VMStats) float64 { return s.CPUGuest }},
	{"cpu.current.hypervisor", "CPU overhead", "DECIMAL", "PERCENT", func(s *model.VMStats) float64 { return s.CPUHypervisor }},
	{"cpu.current.total", "Total CPU used", "DECIMAL", "PERCENT", func(s *model.VMStats) float64 { return s.CPUTotal }},
	{"migration.progress", "Migration progress", "DECIMAL", "PERCENT", func(s *model.VMStats) float64 { return s.Progress }},
	{"memory.buffered", "Memory buffered", "INTEGER", "BYTES", func(s *model.VMStats) float64 { return float64(s.MemoryBuffered) }},
	{"memory.cached", "Memory cached", "INTEGER", "BYTES", func(s *model.VMStats) float64 { return float64(s.MemoryCached) }},
	{"memory.free", "Memory free", "INTEGER", "BYTES", func(s *model.VMStats) float64 { return float64(s.MemoryFree) }},
}

// OfVM are the figures of a VM.
func OfVM(stats *model.VMStats) []Figure {
	out := make([]Figure, len(vmStatistics))
	for i, row := range vmStatistics {
		out[i] = Figure{Name: row.name, Description: row.description, Values: row.values, Unit: row.unit, Datum: row.figure(stats)}
	}
	return out
}
