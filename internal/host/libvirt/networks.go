package libvirt

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"vireo/internal/model"
)

// ofGuests are the names of the interfaces that libvirt makes for guests: it keeps them
// for itself.
var ofGuests = regexp.MustCompile(`^(vnet|macvtap|macvlan)[0-9]+$`)

// Networks reads the libvirt networks that are active and the host's network
// interfaces. A daemon that has no driver for either has none. libvirt tells of no
// bridge that comes or goes, so it has to be asked.
func (h *hypervisor) Networks(ctx context.Context) (model.HostFacts, error) {
	return request(ctx, h, "reading the host's networks", h.readNetworks)
}

func (h *hypervisor) readNetworks(rpc *libvirt.Libvirt) (facts model.HostFacts, err error) {
	networks, _, err := rpc.ConnectListAllNetworks(1, libvirt.ConnectListNetworksActive)
	if err != nil && !isOptional(err) {
		return facts, err
	}
	for _, network := range networks {
		facts.Networks = append(facts.Networks, network.Name)
		text, err := rpc.NetworkGetXMLDesc(network, 0)
		if err != nil && !isOptional(err) {
			return facts, err
		}
		if tag := vlanOf(text); err == nil && tag > 0 {
			if facts.NetworkVLANs == nil {
				facts.NetworkVLANs = make(map[string]int)
			}
			facts.NetworkVLANs[network.Name] = tag
		}
	}
	slices.Sort(facts.Networks)
	for _, isUp := range []bool{true, false} {
		flag := libvirt.ConnectListInterfacesInactive
		if isUp {
			flag = libvirt.ConnectListInterfacesActive
		}
		interfaces, _, err := rpc.ConnectListAllInterfaces(1, flag)
		if err != nil && !isOptional(err) {
			return facts, err
		}
		for _, each := range interfaces {
			if ofGuests.MatchString(each.Name) {
				continue
			}
			text, err := rpc.InterfaceGetXMLDesc(each, 0)
			if err != nil && !isOptional(err) {
				return facts, err
			}
			// One that has gone meanwhile, or is of a kind that libvirt does not know, is left out.
			if nic, ok := hostNIC(each, text, isUp); ok && err == nil {
				facts.NICs = append(facts.NICs, nic)
			}
		}
	}
	slices.SortFunc(facts.NICs, func(a, b model.HostNIC) int { return strings.Compare(a.Name, b.Name) })
	// What went up or down between the two lists is in both.
	facts.NICs = slices.CompactFunc(facts.NICs, func(a, b model.HostNIC) bool { return a.Name == b.Name })
	if !h.profile.session { // which may not connect guests to bridges
		facts.Bridges = bridges(facts.NICs)
	}
	return facts, nil
}

// vlanOf is the one tag that a libvirt network gives what its guests send; 0 when there is
// none, or guests tag by themselves.
func vlanOf(text string) int {
	var parsed libvirtxml.Network
	if parsed.Unmarshal(text) != nil || parsed.VLAN == nil || parsed.VLAN.Trunk == "yes" || len(parsed.VLAN.Tags) != 1 {
		return 0
	}
	return int(parsed.VLAN.Tags[0].ID)
}

func bridges(nics []model.HostNIC) []string {
	var names []string
	for _, nic := range nics {
		if nic.Bridge {
			names = append(names, nic.Name)
		}
	}
	return names
}

// hostNIC reads what libvirt says of one network interface. The speed is in MBit per
// second there, and all ones when it is not known.
func hostNIC(of libvirt.Interface, text string, isUp bool) (model.HostNIC, bool) {
	var parsed libvirtxml.Interface
	if parsed.Unmarshal(text) != nil {
		return model.HostNIC{}, false
	}
	nic := model.HostNIC{Name: of.Name, MAC: strings.ToLower(of.Mac), Up: isUp}
	if parsed.MTU != nil {
		nic.MTU = int(parsed.MTU.Size)
	}
	if parsed.Link != nil {
		nic.Up = parsed.Link.State == "up"
		if speed := parsed.Link.Speed; speed > 0 && speed < 1<<24 {
			nic.Speed = int64(speed) * 1_000_000
		}
	}
	if parsed.Bridge != nil {
		nic.Bridge = true
		for _, port := range parsed.Bridge.Interfaces {
			if !ofGuests.MatchString(port.Name) {
				nic.Ports = append(nic.Ports, port.Name)
			}
		}
		slices.Sort(nic.Ports)
	}
	if parsed.VLAN != nil && parsed.VLAN.Tag != nil {
		nic.VLAN = int(*parsed.VLAN.Tag)
		if parsed.VLAN.Interface != nil {
			nic.Base = parsed.VLAN.Interface.Name
		}
	}
	return nic, true
}
