package v3

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

// ShowStatistics shows the figures of a VM.
func (p *Page) ShowStatistics(stats *model.VMStats, vm model.ID) []Statistic {
	out := make([]Statistic, len(vmStatistics))
	for i, row := range vmStatistics {
		out[i] = p.statistic(p.Href(model.KindVM, vm), row.name, row.description, row.values, "GAUGE", row.unit, row.figure(stats))
		out[i].VM = p.ref(model.KindVM, vm)
	}
	return out
}

// statistic shows one figure of what is at parent.
func (p *Page) statistic(parent, name, description, values, kind, unit string, figure float64) Statistic {
	id := nameID(name)
	out := Statistic{
		Resource: p.resource("statistic", below(parent, "statistics", string(id)), id),
		Values:   Values{Type: values, Value: []Value{{Datum: figure}}},
		Type:     kind,
		Unit:     unit,
	}
	out.Name, out.Description = new(name), new(description)
	return out
}
