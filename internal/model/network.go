package model

import (
	"slices"

	"github.com/google/uuid"
)

// Network is a logical network.
type Network struct {
	ID          ID     `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Comment     string `json:"comment,omitempty"`
	DataCenter  ID     `json:"data_center"`
	// Usages holds "vm", "management", "display", "migration".
	Usages []string `json:"usages,omitempty"`
	// MTU is in bytes; 0 leaves it as the host has it.
	MTU int `json:"mtu,omitempty"`
	// VLAN is a VLAN tag; 0 is none.
	VLAN int  `json:"vlan,omitempty"`
	STP  bool `json:"stp,omitempty"`
	// Clusters are those that have the network. The management network is in every
	// cluster of its data center, named here or not.
	Clusters []ClusterNetwork `json:"clusters,omitempty"`
}

// ClusterNetwork is a network in a cluster.
type ClusterNetwork struct {
	Cluster ID `json:"cluster"`
	// Required networks must be there on every host that VMs are to run on.
	Required bool `json:"required,omitempty"`
}

// The usages of networks.
const (
	UsageVM         = "vm"
	UsageManagement = "management"
	UsageDisplay    = "display"
	UsageMigration  = "migration"
)

// Ref names the network.
func (n *Network) Ref() Ref { return Ref{KindNetwork, n.ID} }

// ObjectName is its name.
func (n *Network) ObjectName() string { return n.Name }

// Management says whether it is the network that the hosts are managed over.
func (n *Network) Management() bool { return slices.Contains(n.Usages, UsageManagement) }

// ForVMs says whether VMs may be connected to it.
func (n *Network) ForVMs() bool { return slices.Contains(n.Usages, UsageVM) }

// In says whether a cluster of the network's data center has it, and how.
func (n *Network) In(cluster ID) (ClusterNetwork, bool) {
	for _, each := range n.Clusters {
		if each.Cluster == cluster {
			return each, true
		}
	}
	return ClusterNetwork{Cluster: cluster, Required: n.Management()}, n.Management()
}

// VNICProfile is how VMs are connected to a network.
type VNICProfile struct {
	ID          ID     `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Network     ID     `json:"network"`
}

// Ref names the profile.
func (p *VNICProfile) Ref() Ref { return Ref{KindVNICProfile, p.ID} }

// ObjectName is its name, which is the only one within its network.
func (p *VNICProfile) ObjectName() string { return p.Name }

// DefaultMACPool is the id of the MAC pool of a fresh engine (api-v4 appendix).
const DefaultMACPool ID = "58ca604b-017d-0374-0220-00000000014e"

// MACPool is where network interfaces get their addresses from.
type MACPool struct {
	ID          ID     `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	// Ranges are tried in order. The default pool has none until it was given some: the
	// engine option MacPoolRanges holds until then.
	Ranges []MACRange `json:"ranges,omitempty"`
	// AllowDuplicates lets people give an address that is in use.
	AllowDuplicates bool `json:"allow_duplicates,omitempty"`
}

// MACRange is a range of addresses, both ends included, in lower case.
type MACRange struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// Ref names the pool.
func (p *MACPool) Ref() Ref { return Ref{KindMACPool, p.ID} }

// ObjectName is its name.
func (p *MACPool) ObjectName() string { return p.Name }

// NetworkAttachment says by which bridge of a host a network is reached there.
type NetworkAttachment struct {
	ID      ID     `json:"id"`
	Host    ID     `json:"host"`
	Network ID     `json:"network"`
	Bridge  string `json:"bridge"`
}

// Ref names the attachment.
func (a *NetworkAttachment) Ref() Ref { return Ref{KindNetworkAttachment, a.ID} }

// ObjectName is empty: attachments have no names.
func (a *NetworkAttachment) ObjectName() string { return "" }

// HostNIC is a network interface of a host, as it was last seen.
type HostNIC struct {
	Name string `json:"name"`
	MAC  string `json:"mac,omitempty"`
	// MTU is in bytes; 0 is not known.
	MTU int `json:"mtu,omitempty"`
	// Speed is in bits per second; 0 is not known.
	Speed int64 `json:"speed,omitempty"`
	Up    bool  `json:"up,omitempty"`
	// Bridge says that it is a Linux bridge; Ports are what is connected to it, guests
	// left out.
	Bridge bool     `json:"bridge,omitempty"`
	Ports  []string `json:"ports,omitempty"`
	// VLAN is its tag, and Base what it is on, if it is a VLAN interface.
	VLAN int    `json:"vlan,omitempty"`
	Base string `json:"base,omitempty"`
}

// HostNICID is the id that an interface of a host always has in the API.
func HostNICID(host ID, name string) ID {
	return ID(uuid.NewSHA1(uuid.NameSpaceOID, []byte(string(host)+"/"+name)).String())
}
