package v4

import (
	"strings"

	"vireo/internal/fault"
	"vireo/internal/model"
)

// MAC is mac.
type MAC struct {
	Address string `wire:"address,keep"`
}

// HostNIC is a network interface of a host (api-v4 5). Its speed is in bits per second.
type HostNIC struct {
	Resource
	BaseInterface *string    `wire:"base_interface"`
	Bridged       *bool      `wire:"bridged"`
	MAC           *MAC       `wire:"mac"`
	MTU           *int       `wire:"mtu"`
	Speed         *int64     `wire:"speed"`
	Status        *string    `wire:"status"`
	VLAN          *VLAN      `wire:"vlan"`
	Host          *Reference `wire:"host"`
	Network       *Reference `wire:"network"`
}

// HostNICs is a list of network interfaces of a host.
type HostNICs struct {
	Collection
	HostNIC []HostNIC `wire:"host_nic"`
}

// ShowHostNIC shows a network interface of a host, with the network that guests reach
// by it, if there is one.
func (p *Page) ShowHostNIC(nic *model.HostNIC, host, network model.ID) *HostNIC {
	id := model.HostNICID(host, nic.Name)
	out := &HostNIC{Resource: p.resource("host_nic", below(p.Href(model.KindHost, host), "nics", string(id)), id)}
	out.Name, out.BaseInterface, out.Bridged = new(nic.Name), text(nic.Base), new(nic.Bridge)
	if nic.MAC != "" {
		out.MAC = &MAC{Address: nic.MAC}
	}
	if nic.MTU > 0 {
		out.MTU = new(nic.MTU)
	}
	if nic.Speed > 0 {
		out.Speed = new(nic.Speed)
	}
	out.Status = new("down")
	if nic.Up {
		out.Status = new("up")
	}
	if nic.VLAN > 0 {
		out.VLAN = &VLAN{ID: nic.VLAN}
	}
	out.Host, out.Network = p.Ref(model.KindHost, host), p.Ref(model.KindNetwork, network)
	return out
}

// NetworkAttachment says by which interface of a host a network is reached there.
type NetworkAttachment struct {
	Resource
	InSync               *bool                 `wire:"in_sync"`
	IPAddressAssignments *IPAddressAssignments `wire:"ip_address_assignments"`
	Properties           *Properties           `wire:"properties"`
	Host                 *Reference            `wire:"host"`
	HostNIC              *Reference            `wire:"host_nic"`
	Network              *Reference            `wire:"network"`
}

// NetworkAttachments is a list of networks of a host.
type NetworkAttachments struct {
	Collection
	NetworkAttachment []NetworkAttachment `wire:"network_attachment"`
}

// IPAddressAssignments is ip_address_assignments, which is read to be refused.
type IPAddressAssignments struct {
	IPAddressAssignment []IPAddressAssignment `wire:"ip_address_assignment"`
}

// IPAddressAssignment is how a host gets an address.
type IPAddressAssignment struct {
	AssignmentMethod *string `wire:"assignment_method"`
}

// Properties is properties, which is read to be refused.
type Properties struct {
	Property []Property `wire:"property"`
}

// Property is properties/property.
type Property struct {
	Name  *string `wire:"name"`
	Value *string `wire:"value"`
}

// ShowNetworkAttachment shows by which bridge of a host a network is reached there.
func (p *Page) ShowNetworkAttachment(attachment *model.NetworkAttachment) *NetworkAttachment {
	on := p.Href(model.KindHost, attachment.Host)
	out := &NetworkAttachment{Resource: p.resource("network_attachment", below(on, "networkattachments", string(attachment.ID)), attachment.ID)}
	nic := string(model.HostNICID(attachment.Host, attachment.Bridge))
	out.Host, out.Network = p.Ref(model.KindHost, attachment.Host), p.Ref(model.KindNetwork, attachment.Network)
	out.HostNIC = &Reference{Href: below(on, "nics", nic), ID: new(nic), Name: new(attachment.Bridge)}
	return out
}

// CheckAdd refuses an attachment that does not say what is attached to what.
func (s *NetworkAttachment) CheckAdd() error {
	need := required{subject: "NetworkAttachment", method: "add"}
	need.need(s.Network.given(), "network.id|name")
	need.need(s.HostNIC.given(), "hostNic.id|name")
	return need.check()
}

// Apply changes an attachment to a host by the elements that the request has; on is the
// host, whose interfaces host_nic names.
func (s *NetworkAttachment) Apply(to *model.NetworkAttachment, on *model.Host, find Finder) error {
	if s.IPAddressAssignments != nil && len(s.IPAddressAssignments.IPAddressAssignment) > 0 {
		return unsupported("Addresses of hosts are set on the hosts, not on networks.")
	}
	if s.Properties != nil && len(s.Properties.Property) > 0 {
		return unsupported("Properties of network attachments are not supported.")
	}
	to.Host = on.ID
	if s.HostNIC.given() {
		nic, ok := s.HostNIC.of(on)
		if !ok {
			return fault.Missing("HostNIC")
		}
		to.Bridge = nic
	}
	return setReference(&to.Network, s.Network, model.KindNetwork, find)
}

// of finds the name of the network interface of a host that a reference means.
func (r *Reference) of(on *model.Host) (string, bool) {
	for _, nic := range on.Facts.NICs {
		byID := r.ID != nil && *r.ID != ""
		if byID && strings.EqualFold(*r.ID, string(model.HostNICID(on.ID, nic.Name))) || !byID && *r.Name == nic.Name {
			return nic.Name, true
		}
	}
	return "", false
}
