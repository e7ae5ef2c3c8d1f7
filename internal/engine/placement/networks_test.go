package placement_test

import (
	"testing"

	"vireo/internal/engine/placement"
	"vireo/internal/model"
)

// TestAttachment: the host's attachment counts before its networks, these before its
// bridges, and a bridge only if it may carry the VLAN.
func TestAttachment(t *testing.T) {
	on := func(bridges []string, networks ...string) *model.Host {
		facts := model.HostFacts{Networks: networks, Bridges: bridges, NetworkVLANs: map[string]int{"five": 5}}
		for _, bridge := range bridges {
			nic := model.HostNIC{Name: bridge, Bridge: true}
			if bridge == "tagged" {
				nic.Ports = []string{"eth0.5", "eth1"}
			}
			facts.NICs = append(facts.NICs, nic)
		}
		facts.NICs = append(facts.NICs, model.HostNIC{Name: "eth0.5", VLAN: 5, Base: "eth0"}, model.HostNIC{Name: "eth1"})
		return &model.Host{ID: "h1", Facts: facts}
	}
	at := func(bridge string) []*model.NetworkAttachment {
		return []*model.NetworkAttachment{
			{Host: "h2", Network: "blue", Bridge: "elsewhere"},
			{Host: "h1", Network: "red", Bridge: "other"},
			{Host: "h1", Network: "blue", Bridge: bridge},
		}
	}
	management := &model.Network{ID: "mgmt", Name: "ovirtmgmt", Usages: []string{"vm", "management"}}
	plain := &model.Network{ID: "blue", Name: "blue", Usages: []string{"vm"}}
	vlan := func(name string, tag int) *model.Network { return &model.Network{ID: "blue", Name: name, VLAN: tag} }
	for name, test := range map[string]struct {
		network  *model.Network
		host     *model.Host
		attached []*model.NetworkAttachment
		want     placement.Link
		missing  bool
	}{
		"the network of its name":       {plain, on(nil, "blue", "default"), nil, placement.Link{Network: "blue"}, false},
		"no such network":               {plain, on(nil, "default"), nil, placement.Link{}, true},
		"the bridge of its name":        {plain, on([]string{"blue"}, "default"), nil, placement.Link{Bridge: "blue"}, false},
		"a network before a bridge":     {plain, on([]string{"blue"}, "blue"), nil, placement.Link{Network: "blue"}, false},
		"an attachment before both":     {plain, on([]string{"blue", "br7"}, "blue"), at("br7"), placement.Link{Bridge: "br7"}, false},
		"an attachment without bridge":  {plain, on(nil, "blue"), at("br7"), placement.Link{Bridge: "br7"}, true},
		"management":                    {management, on(nil, "ovirtmgmt", "default"), nil, placement.Link{Network: "ovirtmgmt"}, false},
		"management on a bridge":        {management, on([]string{"ovirtmgmt"}, "default"), nil, placement.Link{Bridge: "ovirtmgmt"}, false},
		"management by libvirt's own":   {management, on(nil, "default"), nil, placement.Link{Network: "default"}, false},
		"management by QEMU's own":      {management, on(nil), nil, placement.Link{User: true}, false},
		"a bridge of the VLAN":          {vlan("tagged", 5), on([]string{"tagged"}), nil, placement.Link{Bridge: "tagged"}, false},
		"a bridge of another VLAN":      {vlan("tagged", 6), on([]string{"tagged"}), nil, placement.Link{}, true},
		"a bridge that says no VLAN":    {vlan("untold", 6), on([]string{"untold"}), nil, placement.Link{Bridge: "untold"}, false},
		"an attachment of another VLAN": {vlan("blue", 6), on([]string{"tagged"}), at("tagged"), placement.Link{Bridge: "tagged"}, true},
		"a network of the VLAN":         {vlan("five", 5), on(nil, "five"), nil, placement.Link{Network: "five"}, false},
		"a network of another VLAN":     {vlan("five", 6), on(nil, "five"), nil, placement.Link{Network: "five"}, true},
		"a network that says no VLAN":   {vlan("blue", 6), on(nil, "blue"), nil, placement.Link{Network: "blue"}, false},
		"no VLAN on any network":        {vlan("five", 0), on(nil, "five"), nil, placement.Link{Network: "five"}, false},
		"no VLAN on any bridge":         {vlan("tagged", 0), on([]string{"tagged"}), nil, placement.Link{Bridge: "tagged"}, false},
	} {
		link, ok := placement.Attachment(test.network, test.host, test.attached)
		if link != test.want || ok == test.missing {
			t.Errorf("%s: %+v, %v", name, link, ok)
		}
	}
}
