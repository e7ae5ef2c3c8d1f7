package v3

import (
	"slices"
	"strings"

	"vireo/internal/model"
)

// networkUsages are what networks are for, in the order of the capabilities.
var networkUsages = []string{model.UsageDisplay, model.UsageMigration, model.UsageVM, model.UsageManagement}

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
	if s.IP != nil && (filled(s.IP.Address) || filled(s.IP.Gateway)) {
		return unsupported("Addresses of hosts are set on the hosts, not on networks.")
	}
	if err := s.QoS.absent("Qos"); err != nil {
		return err
	}
	set(&to.Name, s.Name)
	set(&to.Description, s.Description)
	set(&to.Comment, s.Comment)
	set(&to.STP, s.STP)
	set(&to.MTU, s.MTU)
	if s.VLAN != nil {
		to.VLAN = int(s.VLAN.ID)
	}
	if s.Usages != nil {
		usages, err := s.Usages.words()
		if err != nil {
			return err
		}
		to.Usages = usages
	}
	if s.Display != nil && *s.Display && !slices.Contains(to.Usages, model.UsageDisplay) {
		to.Usages = append(slices.Clone(to.Usages), model.UsageDisplay)
	}
	return setReference(&to.DataCenter, s.DataCenter, model.KindDataCenter, find)
}

func (s *Usages) words() ([]string, error) {
	var usages []string
	for _, usage := range s.Usage {
		word, err := member("NetworkUsage", networkUsages, usage)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(usages, word) {
			usages = append(usages, word)
		}
	}
	return usages, nil
}

// ApplyCluster changes how a cluster has a network. Usages and display may be given as
// they are.
func (s *Network) ApplyCluster(to *model.ClusterNetwork, network *model.Network) error {
	display := network.Management()
	set(&display, s.Display)
	if s.Usages != nil {
		usages, err := s.Usages.words()
		if err != nil {
			return err
		}
		for _, role := range []string{model.UsageDisplay, model.UsageMigration, model.UsageManagement} {
			if slices.Contains(usages, role) && !network.Management() {
				display = true
			}
		}
	}
	if display != network.Management() {
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
	}
	if s.PassThrough != nil {
		var mode string
		if err := setMember(&mode, "VnicPassThroughMode", []string{"enabled", "disabled"}, s.PassThrough.Mode); err != nil {
			return err
		}
	}
	if err := s.QoS.absent("Qos"); err != nil {
		return err
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
	if s.Ranges != nil {
		for _, each := range s.Ranges.Range {
			need.need(each.From != "", "range.from")
			need.need(each.To != "", "range.to")
		}
	}
	return need.check()
}

// Apply changes a pool by the elements that the request has. Which one is the default
// cannot change.
func (s *MACPool) Apply(to *model.MACPool, _ Finder) error {
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

// CheckAdd refuses an attachment without a network or a network interface.
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
			return s.HostNIC.absent("HostNIC")
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

// Apply changes a data center by the elements that the request has.
func (s *DataCenter) Apply(to *model.DataCenter, find Finder) error {
	set(&to.Name, s.Name)
	set(&to.Description, s.Description)
	set(&to.Comment, s.Comment)
	set(&to.Local, s.Local)
	if s.Version != nil && s.Version.Major != nil && s.Version.Minor != nil {
		to.Version = model.Version{Major: int(*s.Version.Major), Minor: int(*s.Version.Minor)}
	}
	return setReference(&to.MACPool, s.MACPool, model.KindMACPool, find)
}
