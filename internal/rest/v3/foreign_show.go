package v3

import "vireo/internal/model"

// ShowForeign shows a guest of a host that somebody else has made, as a VM of the origin
// external.
func (p *Page) ShowForeign(guest model.ForeignGuest, host model.ID) *VM {
	out := &VM{}
	out.Resource = p.resource("external_vm", below(p.Href(model.KindHost, host), "externalvms", string(guest.ID)), guest.ID)
	out.Name = new(guest.Name)
	out.Status = &Status{State: string(guest.Status)}
	out.Memory = new(guest.Memory)
	out.CPU = &CPU{Topology: showTopology(model.Topology{Sockets: guest.CPUs, Cores: 1, Threads: 1})}
	out.Origin = new("external")
	out.Host = p.ref(model.KindHost, host)
	return out
}
