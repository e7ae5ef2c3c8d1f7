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
// is none, by QEMU's user-mode network. attachments may be those of other hosts and
// networks too.
func Attachment(network *model.Network, on *model.Host, attachments []*model.NetworkAttachment) (Link, bool) {
	for _, each := range attachments {
		if each.Host == on.ID && each.Network == network.ID {
			return Link{Bridge: each.Bridge}, carries(on, each.Bridge, network.VLAN)
		}
	}
	switch {
	case slices.Contains(on.Facts.Networks, network.Name):
		return Link{Network: network.Name}, true
	case carries(on, network.Name, network.VLAN):
		return Link{Bridge: network.Name}, true
	case !network.Management():
		return Link{}, false
	case slices.Contains(on.Facts.Networks, natNetwork):
		return Link{Network: natNetwork}, true
	}
	return Link{User: true}, true
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

// lacksNetwork names the networks that a VM on a host would be without, and those that
// every host of its cluster must have; empty is none.
func lacksNetwork(tx *inventory.Tx, on *model.Host, vm *model.VM) string {
	attachments := tx.Attachments.All()
	var missing []string
	for _, network := range tx.Networks.All() {
		in, _ := network.In(on.Cluster)
		wanted := in.Required && !network.Management() || slices.ContainsFunc(vm.NICs, func(nic model.NIC) bool {
			return nic.Plugged && nic.Network == network.ID
		})
		if !wanted {
			continue
		}
		if _, ok := Attachment(network, on, attachments); !ok {
			missing = append(missing, network.Name)
		}
	}
	if len(missing) == 0 {
		return ""
	}
	return fmt.Sprintf("network(s) %s are missing", strings.Join(missing, ","))
}
