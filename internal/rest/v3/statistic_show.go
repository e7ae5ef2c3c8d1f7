package v3

import (
	"vireo/internal/model"
	"vireo/internal/rest/figures"
)

// ShowStatistics shows the figures of a VM.
func (p *Page) ShowStatistics(stats *model.VMStats, vm model.ID) []Statistic {
	on := p.ref(model.KindVM, vm)
	return showFigures(p, on.Href, figures.OfVM(stats), func(s *Statistic) { s.VM = on })
}

// ShowHostStatistics shows those figures of a host that are known.
func (p *Page) ShowHostStatistics(stats *model.HostStats, host model.ID) []Statistic {
	on := p.ref(model.KindHost, host)
	return showFigures(p, on.Href, figures.OfHost(stats), func(s *Statistic) { s.Host = on })
}

// ShowHostNICStatistics shows the figures of a network interface of a host, if they are
// known.
func (p *Page) ShowHostNICStatistics(stats *model.HostStats, host model.ID, nic string) []Statistic {
	id := string(model.HostNICID(host, nic))
	on := &Reference{Href: below(p.Href(model.KindHost, host), "nics", id), ID: new(id)}
	return showFigures(p, on.Href, figures.OfHostNIC(stats, nic), func(s *Statistic) { s.HostNIC = on })
}

// showFigures shows the figures of what is at an address; mark names it in each.
func showFigures(p *Page, at string, all []figures.Figure, mark func(*Statistic)) []Statistic {
	out := make([]Statistic, len(all))
	for i, figure := range all {
		out[i] = Statistic{
			Resource: p.resource("statistic", below(at, "statistics", string(figure.ID())), figure.ID()),
			Values:   Values{Type: figure.Values, Value: []Value{{Datum: figure.Datum}}},
			Type:     "GAUGE", Unit: figure.Unit,
		}
		if figure.Counter {
			out[i].Type = "COUNTER"
		}
		out[i].Name, out[i].Description = new(figure.Name), new(figure.Description)
		mark(&out[i])
	}
	return out
}
