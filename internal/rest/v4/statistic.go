package v4

import (
	"strings"

	"vireo/internal/model"
	"vireo/internal/rest/figures"
)

// Statistic is a figure (api-v4 3.5).
type Statistic struct {
	Resource
	Kind    string     `wire:"kind,keep"`
	Type    string     `wire:"type,keep"`
	Unit    string     `wire:"unit,keep"`
	Values  Values     `wire:"values,keep"`
	Host    *Reference `wire:"host"`
	HostNIC *Reference `wire:"host_nic"`
	VM      *Reference `wire:"vm"`
}

// Statistics is a list of figures.
type Statistics struct {
	Collection
	Statistic []Statistic `wire:"statistic"`
}

// Values is values of a statistic.
type Values struct {
	Value []Value `wire:"value"`
}

// Value is values/value.
type Value struct {
	Datum float64 `wire:"datum,keep"`
}

// ShowStatistics shows the figures of a VM.
func (p *Page) ShowStatistics(stats *model.VMStats, vm model.ID) []Statistic {
	on := p.Ref(model.KindVM, vm)
	return showFigures(p, on.Href, figures.OfVM(stats), func(s *Statistic) { s.VM = on })
}

// ShowHostStatistics shows those figures of a host that are known.
func (p *Page) ShowHostStatistics(stats *model.HostStats, host model.ID) []Statistic {
	on := p.Ref(model.KindHost, host)
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
			Kind:     "gauge", Type: strings.ToLower(figure.Values), Unit: strings.ToLower(figure.Unit),
			Values: Values{Value: []Value{{Datum: figure.Datum}}},
		}
		if figure.Counter {
			out[i].Kind = "counter"
		}
		out[i].Name, out[i].Description = new(figure.Name), new(figure.Description)
		mark(&out[i])
	}
	return out
}
