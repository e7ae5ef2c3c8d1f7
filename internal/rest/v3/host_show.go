package v3

import (
	"strings"

	"vireo/internal/model"
)

// ISCSI is iscsi of a host.
type ISCSI struct {
	Initiator *string `wire:"initiator"`
}

// SELinux is selinux of a host.
type SELinux struct {
	Mode *string `wire:"mode"`
}

// showHostCPU shows a host's CPU: its maker's name of it, and the highest of the types that
// clusters can ask for.
func showHostCPU(facts *model.HostFacts) *CPU {
	out := &CPU{Topology: showTopology(facts.Topology), Name: text(facts.CPUModel)}
	if facts.CPUSpeed > 0 {
		out.Speed = new(facts.CPUSpeed)
	}
	if kind, known := facts.CPUType(); known {
		out.ID, out.Level = new(kind.Name), new(kind.Level)
	}
	out.Architecture = text(strings.ToUpper(string(facts.Architecture)))
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
		s.TransparentHugepages = &Enabled{Enabled: new(system.HugePages != "never")}
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
