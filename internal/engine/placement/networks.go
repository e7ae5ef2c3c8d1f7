package placement

import (
	"fmt"
	"slices"
	"strings"

	"vireo/internal/inventory"
	"vireo/internal/model"
)

// natNetwork is the network that libvirt brings along.
const natNetwork = "default"

// Link is how a host connects a network interface to a logical network: by one of its
// libvirt networks, by a Linux bridge, or by QEMU's user-mode network.
type Link struct {
	Network, Bridge string
	User            bool
}

// Attachment says how a logical network is reached on a host: by the bridge that the
// host's attachment of it names; else by the libvirt network, or by the bridge, of the
// same name; the management network also by libvirt's own NAT network or, where there
// is none, by QEMU's user-mode network. What is for another VLAN does not serve it.
// attachments may be those of other hosts and networks too.
func Attachment(network *model.Network, on *model.Host, attachments []*model.NetworkAttachment) (Link, bool) {
	for _, each := range attachments {
		if each.Host == on.ID && each.Network == network.ID {
			return Link{Bridge: each.Bridge}, carries(on, each.Bridge, network.VLAN)
		}
	}
	switch {
	case slices.Contains(on.Facts.Networks, network.Name) && tags(on, network):
		return Link{Network: network.Name}, true
	case carries(on, network.Name, network.VLAN):
		return Link{Bridge: network.Name}, true
	case slices.Contains(on.Facts.Networks, network.Name):
		return Link{Network: network.Name}, false
	case !network.Management():
		return Link{}, false
	case slices.Contains(on.Facts.Networks, natNetwork):
		return Link{Network: natNetwork}, true
	}
	return Link{User: true}, true
}

// tags says whether a host's libvirt network of the name gives what guests send the tag of
// a logical network, or leaves that to others.
func tags(on *model.Host, network *model.Network) bool {
	tag := on.Facts.NetworkVLANs[network.Name]
	return tag == 0 || network.VLAN == 0 || tag == network.VLAN
}

// carries says whether a host has a bridge, and not for another VLAN: one that VLAN
// interfaces are connected to carries their VLANs only.
func carries(on *model.Host, bridge string, vlan int) bool {
	if !slices.Contains(on.Facts.Bridges, bridge) {
		return false
	}
	nics := map[string]model.HostNIC{}
	for _, nic := range on.Facts.NICs {
		nics[nic.Name] = nic
	}
	others := false
	for _, port := range nics[bridge].Ports {
		switch tag := nics[port].VLAN; tag {
		case 0:
		case vlan:
			return true
		default:
			others = true
		}
	}
	return vlan == 0 || !others
}

// needed are the networks that a VM needs in its cluster, with how hosts are attached to
// them; worked out once for all hosts.
type needed struct {
	networks    []*model.Network
	attachments map[model.ID][]*model.NetworkAttachment // by host
}

// networksFor are those of the VM's plugged NICs, and those that every host of its
// cluster must have.
func networksFor(tx *inventory.Tx, vm *model.VM) needed {
	var found needed
	for _, network := range tx.Networks.All() {
		in, _ := network.In(vm.Cluster)
		wanted := in.Required && !network.Management() || slices.ContainsFunc(vm.NICs, func(nic model.NIC) bool {
			return nic.Plugged && nic.Network == network.ID
		})
		if wanted {
			found.networks = append(found.networks, network)
		}
	}
	if len(found.networks) == 0 {
		return found
	}
	found.attachments = make(map[model.ID][]*model.NetworkAttachment)
	for _, each := range tx.Attachments.All() {
		found.attachments[each.Host] = append(found.attachments[each.Host], each)
	}
	return found
}

// missing gives each network that a host does not have to tell, until that says no,
// and says whether there was one.
func (n needed) missing(on *model.Host, tell func(*model.Network) bool) bool {
	found := false
	for _, network := range n.networks {
		if _, ok := Attachment(network, on, n.attachments[on.ID]); !ok {
			if found = true; !tell(network) {
				break
			}
		}
	}
	return found
}

// lacking names the networks that a host does not have.
func (n needed) lacking(on *model.Host) string {
	var names []string
	n.missing(on, func(network *model.Network) bool {
		names = append(names, network.Name)
		return true
	})
	return fmt.Sprintf("network(s) %s are missing", strings.Join(names, ","))
}
