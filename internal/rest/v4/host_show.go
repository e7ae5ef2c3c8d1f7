package v4

import "vireo/internal/model"

// ISCSI is iscsi of a host.
type ISCSI struct {
	Initiator *string `wire:"initiator"`
}

// SELinux is se_linux of a host.
type SELinux struct {
	Mode *string `wire:"mode"`
}

// showHostCPU shows a host's CPU: its maker's name of it, and the highest of the types that
// clusters can ask for.
func showHostCPU(facts *model.HostFacts) *HostCPU {
	out := &HostCPU{
		Architecture: text(facts.Architecture), Name: text(facts.CPUModel),
		Topology: &Topology{Cores: facts.Topology.Cores, Sockets: facts.Topology.Sockets, Threads: facts.Topology.Threads},
	}
	if facts.CPUSpeed > 0 {
		out.Speed = new(facts.CPUSpeed)
	}
	if kind, known := facts.CPUType(); known {
		out.Type, out.Level = new(kind.Name), new(kind.Level)
	}
	return out
}

// showSystem shows what is known of the host's kernel; merging says whether it looks for
// pages that are alike, nil where that is not known.
func (s *Host) showSystem(facts *model.HostFacts, merging *bool) {
	if merging != nil {
		s.KSM = &Enabled{Enabled: merging}
	}
	system := facts.System
	if system.HugePages != "" {
		s.TransparentHugePages = &Enabled{Enabled: new(system.HugePages != "never")}
	}
	if system.Initiator != "" {
		s.ISCSI = &ISCSI{Initiator: new(system.Initiator)}
	}
	if system.SELinux != "" {
		s.SELinux = &SELinux{Mode: new(system.SELinux)}
	}
	s.KdumpStatus = text(map[string]string{"on": "enabled", "off": "disabled"}[system.Kdump])
	s.AutoNUMAStatus = text(map[string]string{"on": "enable", "off": "disable"}[system.Balancing])
	if facts.NUMANodes > 0 {
		s.NUMASupported = new(facts.NUMANodes > 1)
	}
	s.DevicePassthrough = &Enabled{Enabled: new(facts.Passthrough)}
}
