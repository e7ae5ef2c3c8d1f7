package v4

import (
	"slices"
	"strings"

	"vireo/internal/fault"
	"vireo/internal/model"
)

// networkUsages are those that the engine knows; the others of version 4 would be
// without effect.
var networkUsages = []string{model.UsageDisplay, model.UsageMigration, model.UsageVM, model.UsageManagement}

func filled(text *string) bool { return text != nil && *text != "" }

// CheckUpdate refuses an attempt to change the id.
func (r *Resource) CheckUpdate(id model.ID) error {
	if r.ID == nil || *r.ID == "" || strings.EqualFold(*r.ID, string(id)) {
		return nil
	}
	return &fault.Fault{
		Kind: fault.Conflict, Code: "IMMUTABLE", Reason: "Broken immutability constraint",
		Messages: []string{"Attempt to set immutable field: id"},
	}
}

// CheckAdd refuses a network to be made without a name or a data center.
func (s *Network) CheckAdd() error {
	need := required{subject: "Network", method: "add"}
	need.need(filled(s.Name), "name")
	need.need(s.DataCenter.given(), "dataCenter.id|name")
	return need.check()
}

// CheckAttach refuses a network that is not named.
func (s *Network) CheckAttach() error {
	need := required{subject: "Network", method: "add"}
	need.need(s.Reference().given(), "id|name")
	return need.check()
}

// Apply changes a network by the elements that the request has.
func (s *Network) Apply(to *model.Network, find Finder) error {
	if s.PortIsolation != nil && *s.PortIsolation {
		return unsupported("Ports of a network cannot be isolated from each other.")
	}
	set(&to.Name, s.Name)
	set(&to.Description, s.Description)
	set(&to.Comment, s.Comment)
	set(&to.MTU, s.MTU)
	set(&to.STP, s.STP)
	if s.VLAN != nil {
		to.VLAN = s.VLAN.ID
	}
	if s.Usages != nil {
		usages, err := s.Usages.words()
		if err != nil {
			return err
		}
		to.Usages = usages
	}
	return setReference(&to.DataCenter, s.DataCenter, model.KindDataCenter, find)
}

func (s *Usages) words() ([]string, error) {
	var usages []string
	for _, usage := range s.Usage {
		var word string
		if err := setMember(&word, "NetworkUsage", networkUsages, &usage); err != nil {
			return nil, err
		}
		if !slices.Contains(usages, word) {
			usages = append(usages, word)
		}
	}
	return usages, nil
}

// ApplyCluster changes how a cluster has a network, whose usages may be given as they
// are.
func (s *Network) ApplyCluster(to *model.ClusterNetwork, network *model.Network) error {
	wanted := network.Usages
	if s.Usages != nil {
		var err error
		if wanted, err = s.Usages.words(); err != nil {
			return err
		}
	}
	strange := slices.ContainsFunc(wanted, func(usage string) bool { return !slices.Contains(network.Usages, usage) })
	if strange || s.Display != nil && *s.Display != network.Management() {
		return unsupported("Displays, migrations and management use the network that the host's address is in; no other network can be given these usages.")
	}
	set(&to.Required, s.Required)
	return nil
}

// CheckAdd refuses a vNIC profile to be made without a name or a network.
func (s *VNICProfile) CheckAdd() error {
	need := required{subject: "VnicProfile", method: "add"}
	need.need(filled(s.Name), "name")
	need.need(s.Network.given(), "network.id")
	return need.check()
}

// Apply changes a vNIC profile by the elements that the request has, and refuses what
// would be without effect.
func (s *VNICProfile) Apply(to *model.VNICProfile, find Finder) error {
	switch {
	case s.PortMirroring != nil && *s.PortMirroring:
		return unsupported("Port mirroring is not supported.")
	case s.PassThrough != nil && s.PassThrough.Mode != nil && strings.EqualFold(*s.PassThrough.Mode, "enabled"):
		return unsupported("Network interfaces of hosts cannot be passed through to VMs.")
	case s.CustomProperties != nil && len(s.CustomProperties.CustomProperty) > 0:
		return unsupported("Custom properties of vNIC profiles are not supported.")
	case s.QoS.given():
		return fault.Missing("qos")
	case s.NetworkFilter.given():
		return fault.Missing("network_filter")
	}
	set(&to.Name, s.Name)
	set(&to.Description, s.Description)
	return setReference(&to.Network, s.Network, model.KindNetwork, find)
}

// CheckAdd refuses a pool to be made without a name or ranges.
func (s *MACPool) CheckAdd() error {
	need := required{subject: "MacPool", method: "add"}
	need.need(filled(s.Name), "name")
	need.need(s.Ranges != nil && len(s.Ranges.Range) > 0, "ranges.range")
	return need.check()
}

// Apply changes a pool by the elements that the request has. Which one is the default
// cannot change.
func (s *MACPool) Apply(to *model.MACPool) error {
	if s.DefaultPool != nil && *s.DefaultPool != (to.ID == model.DefaultMACPool) {
		return unsupported("The default MAC pool stays what it is.")
	}
	set(&to.Name, s.Name)
	set(&to.Description, s.Description)
	set(&to.AllowDuplicates, s.AllowDuplicates)
	if s.Ranges != nil {
		to.Ranges = nil
		for _, each := range s.Ranges.Range {
			to.Ranges = append(to.Ranges, model.MACRange{From: strings.ToLower(each.From), To: strings.ToLower(each.To)})
		}
	}
	return nil
}
