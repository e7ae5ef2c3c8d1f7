package v3

import (
	"vireo/internal/model"
)

// ShowNetwork shows a network.
func (p *Page) ShowNetwork(network *model.Network) *Network {
	return p.showNetwork(p.top(model.KindNetwork, network.ID), network)
}

func (p *Page) showNetwork(resource Resource, network *model.Network) *Network {
	out := &Network{Resource: resource}
	out.describe(network.Name, network.Description, network.Comment)
	out.DataCenter = p.ref(model.KindDataCenter, network.DataCenter)
	if network.VLAN > 0 {
		out.VLAN = &VLAN{ID: uint16(network.VLAN)}
	}
	out.STP = new(network.STP)
	out.MTU = new(network.MTU)
	out.Usages = &Usages{Usage: network.Usages}
	return out
}

// ShowClusterNetwork shows a network as a part of a cluster; reached says whether all
// hosts of the cluster that are up have it.
func (p *Page) ShowClusterNetwork(network *model.Network, in model.ClusterNetwork, reached bool) *Network {
	href := below(p.Href(model.KindCluster, in.Cluster), "networks", string(network.ID))
	out := p.showNetwork(p.resource("cluster_network", href, network.ID), network)
	out.Cluster = p.ref(model.KindCluster, in.Cluster)
	out.Status = &Status{State: "operational"}
	if !reached {
		out.Status.State = "non_operational"
	}
	out.Display = new(network.Management())
	out.Required = new(in.Required)
	return out
}

// ShowVNICProfile shows a vNIC profile.
func (p *Page) ShowVNICProfile(profile *model.VNICProfile) *VNICProfile {
	out := &VNICProfile{Resource: p.top(model.KindVNICProfile, profile.ID)}
	out.Name, out.Description = new(profile.Name), text(profile.Description)
	out.Network = p.ref(model.KindNetwork, profile.Network)
	out.PortMirroring = new(false)
	out.PassThrough = &PassThrough{Mode: new("disabled")}
	return out
}

// ShowMACPool shows a pool of MAC addresses.
func (p *Page) ShowMACPool(pool *model.MACPool) *MACPool {
	out := &MACPool{Resource: p.top(model.KindMACPool, pool.ID)}
	out.Name, out.Description = new(pool.Name), text(pool.Description)
	out.AllowDuplicates = new(pool.AllowDuplicates)
	out.DefaultPool = new(pool.ID == model.DefaultMACPool)
	out.Ranges = &Ranges{}
	for _, each := range pool.Ranges {
		out.Ranges.Range = append(out.Ranges.Range, Range{From: each.From, To: each.To})
	}
	return out
}

// ShowHostNIC shows a network interface of a host, with the network that guests reach
// by it, if there is one.
func (p *Page) ShowHostNIC(nic *model.HostNIC, host, network model.ID) *HostNIC {
	id := model.HostNICID(host, nic.Name)
	out := &HostNIC{Resource: p.resource("host_nic", below(p.Href(model.KindHost, host), "nics", string(id)), id)}
	out.Name = new(nic.Name)
	out.Host = p.ref(model.KindHost, host)
	out.Network = p.ref(model.KindNetwork, network)
	if nic.MAC != "" {
		out.MAC = &MAC{Address: nic.MAC}
	}
	out.BaseInterface = text(nic.Base)
	if nic.VLAN > 0 {
		out.VLAN = &VLAN{ID: uint16(nic.VLAN)}
	}
	if nic.Speed > 0 {
		out.Speed = new(nic.Speed)
	}
	out.Status = &Status{State: "down"}
	if nic.Up {
		out.Status.State = "up"
	}
	if nic.MTU > 0 {
		out.MTU = new(nic.MTU)
	}
	out.Bridged = new(nic.Bridge)
	return out
}

// ShowNetworkAttachment shows by which bridge of a host a network is reached there.
func (p *Page) ShowNetworkAttachment(attachment *model.NetworkAttachment) *NetworkAttachment {
	on := p.Href(model.KindHost, attachment.Host)
	out := &NetworkAttachment{Resource: p.resource("network_attachment", below(on, "networkattachments", string(attachment.ID)), attachment.ID)}
	out.Network = p.ref(model.KindNetwork, attachment.Network)
	nic := string(model.HostNICID(attachment.Host, attachment.Bridge))
	out.HostNIC = &Reference{Href: below(on, "nics", nic), ID: new(nic), Name: new(attachment.Bridge)}
	out.Host = p.ref(model.KindHost, attachment.Host)
	return out
}
