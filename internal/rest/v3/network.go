package v3

// Network is a logical network, alone or in a cluster.
type Network struct {
	Resource
	DataCenter      *Reference `wire:"data_center"`
	Cluster         *Reference `wire:"cluster"`
	IP              *IP        `wire:"ip"`
	VLAN            *VLAN      `wire:"vlan"`
	STP             *bool      `wire:"stp"`
	Status          *Status    `wire:"status"`
	Display         *bool      `wire:"display"`
	MTU             *int       `wire:"mtu"`
	Usages          *Usages    `wire:"usages"`
	Required        *bool      `wire:"required"`
	ProfileRequired *bool      `wire:"profile_required"`
	QoS             *Reference `wire:"qos"`
}

// Networks is a list of networks.
type Networks struct {
	Collection
	Network []Network `wire:"network"`
}

// VLAN is vlan; the id is its tag.
type VLAN struct {
	ID uint16 `wire:"id,attr,keep"`
}

// Usages is usages of a network.
type Usages struct {
	Usage []string `wire:"usage"`
}

// VNICProfile is how VMs are connected to a network.
type VNICProfile struct {
	Resource
	Network          *Reference        `wire:"network"`
	PortMirroring    *bool             `wire:"port_mirroring"`
	CustomProperties *CustomProperties `wire:"custom_properties"`
	PassThrough      *PassThrough      `wire:"pass_through"`
	QoS              *Reference        `wire:"qos"`
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

// MACPool is a pool of MAC addresses.
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

// HostNIC is a network interface of a host. Its speed is in bits per second.
type HostNIC struct {
	Resource
	Host          *Reference `wire:"host"`
	Network       *Reference `wire:"network"`
	MAC           *MAC       `wire:"mac"`
	BaseInterface *string    `wire:"base_interface"`
	VLAN          *VLAN      `wire:"vlan"`
	Speed         *int64     `wire:"speed"`
	Status        *Status    `wire:"status"`
	MTU           *int       `wire:"mtu"`
	Bridged       *bool      `wire:"bridged"`
}

// HostNICs is a list of network interfaces of a host.
type HostNICs struct {
	Collection
	HostNIC []HostNIC `wire:"host_nic"`
}

// NetworkAttachment says by which interface of a host a network is reached there.
type NetworkAttachment struct {
	Resource
	Network              *Reference            `wire:"network"`
	HostNIC              *Reference            `wire:"host_nic"`
	IPAddressAssignments *IPAddressAssignments `wire:"ip_address_assignments"`
	Properties           *Properties           `wire:"properties"`
	Host                 *Reference            `wire:"host"`
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

// IPAddressAssignment is an address of a host.
type IPAddressAssignment struct {
	IP               *IP     `wire:"ip"`
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
