package v4

import "vireo/internal/model"

// Network is a logical network, alone or in a cluster (api-v4 3.6).
type Network struct {
	Resource
	Display *bool `wire:"display"`
	MTU     *int  `wire:"mtu"`
	// PortIsolation and ProfileRequired are read only when a network is made or changed.
	PortIsolation   *bool      `wire:"port_isolation"`
	ProfileRequired *bool      `wire:"profile_required"`
	Required        *bool      `wire:"required"`
	Status          *string    `wire:"status"`
	STP             *bool      `wire:"stp"`
	Usages          *Usages    `wire:"usages"`
	VDSMName        *string    `wire:"vdsm_name"`
	VLAN            *VLAN      `wire:"vlan"`
	Cluster         *Reference `wire:"cluster"`
	DataCenter      *Reference `wire:"data_center"`
}

// Networks is a list of networks.
type Networks struct {
	Collection
	Network []Network `wire:"network"`
}

// VLAN is vlan; the id is its tag.
type VLAN struct {
	ID int `wire:"id,attr,keep"`
}

// Usages is usages of a network.
type Usages struct {
	Usage []string `wire:"usage"`
}

// VNICProfile is how VMs are connected to a network (api-v4 3.6).
type VNICProfile struct {
	Resource
	CustomProperties *CustomProperties `wire:"custom_properties"`
	Migratable       *bool             `wire:"migratable"`
	PassThrough      *PassThrough      `wire:"pass_through"`
	PortMirroring    *bool             `wire:"port_mirroring"`
	Network          *Reference        `wire:"network"`
	NetworkFilter    *Reference        `wire:"network_filter"`
	QoS              *Reference        `wire:"qos"`
}

// CustomProperties is custom_properties, which is read to be refused.
type CustomProperties struct {
	CustomProperty []CustomProperty `wire:"custom_property"`
}

// CustomProperty is custom_properties/custom_property.
type CustomProperty struct {
	Name  *string `wire:"name"`
	Value *string `wire:"value"`
}

// VNICProfiles is a list of vNIC profiles.
type VNICProfiles struct {
	Collection
	VNICProfile []VNICProfile `wire:"vnic_profile"`
}

// PassThrough is pass_through of a vNIC profile; Mode is enabled or disabled.
type PassThrough struct {
	Mode *string `wire:"mode"`
}

// MACPool is a pool of MAC addresses (api-v4 3.6).
type MACPool struct {
	Resource
	AllowDuplicates *bool   `wire:"allow_duplicates"`
	DefaultPool     *bool   `wire:"default_pool"`
	Ranges          *Ranges `wire:"ranges"`
}

// MACPools is a list of pools.
type MACPools struct {
	Collection
	MACPool []MACPool `wire:"mac_pool"`
}

// Ranges is ranges of a pool.
type Ranges struct {
	Range []Range `wire:"range"`
}

// Range is a range of addresses, both ends included.
type Range struct {
	From string `wire:"from,keep"`
	To   string `wire:"to,keep"`
}

// ShowNetwork shows a network.
func (p *Page) ShowNetwork(network *model.Network) *Network {
	return p.showNetwork(p.top(model.KindNetwork, network.ID), network)
}

func (p *Page) showNetwork(resource Resource, network *model.Network) *Network {
	out := &Network{Resource: resource}
	out.describe(network.Name, network.Description, network.Comment)
	out.MTU = new(network.MTU)
	out.STP = new(network.STP)
	out.Usages = &Usages{Usage: network.Usages}
	out.VDSMName = new(network.Name)
	if network.VLAN > 0 {
		out.VLAN = &VLAN{ID: network.VLAN}
	}
	out.DataCenter = p.Ref(model.KindDataCenter, network.DataCenter)
	return out
}

// ShowClusterNetwork shows a network as a part of a cluster; reached says whether all
// hosts of the cluster that are up have it.
func (p *Page) ShowClusterNetwork(network *model.Network, in model.ClusterNetwork, reached bool) *Network {
	href := below(p.Href(model.KindCluster, in.Cluster), "networks", string(network.ID))
	out := p.showNetwork(p.resource("cluster_network", href, network.ID), network)
	out.Cluster = p.Ref(model.KindCluster, in.Cluster)
	out.Display = new(network.Management())
	out.Required = new(in.Required)
	out.Status = new("operational")
	if !reached {
		out.Status = new("non_operational")
	}
	return out
}

// ShowVNICProfile shows a vNIC profile.
func (p *Page) ShowVNICProfile(profile *model.VNICProfile) *VNICProfile {
	out := &VNICProfile{Resource: p.top(model.KindVNICProfile, profile.ID)}
	out.describe(profile.Name, profile.Description, "")
	out.Migratable = new(true)
	out.PassThrough = &PassThrough{Mode: new("disabled")}
	out.PortMirroring = new(false)
	out.Network = p.Ref(model.KindNetwork, profile.Network)
	return out
}

// ShowMACPool shows a pool of MAC addresses.
func (p *Page) ShowMACPool(pool *model.MACPool) *MACPool {
	out := &MACPool{Resource: p.top(model.KindMACPool, pool.ID)}
	out.describe(pool.Name, pool.Description, "")
	out.AllowDuplicates = new(pool.AllowDuplicates)
	out.DefaultPool = new(pool.ID == model.DefaultMACPool)
	out.Ranges = &Ranges{}
	for _, each := range pool.Ranges {
		out.Ranges.Range = append(out.Ranges.Range, Range{From: each.From, To: each.To})
	}
	return out
}
