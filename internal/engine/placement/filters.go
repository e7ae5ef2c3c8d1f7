package placement

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"vireo/internal/model"
)

// filter is one reason for which a host will not do. Its names are those that
// messages use, and what why says follows "because" (api-v3 3.2); why is asked only
// when fits has said no.
type filter struct {
	name string
	fits func(s *search, on *candidate) bool
	why  func(s *search, on *candidate) string
}

var filters = []filter{
	{
		"PinToHost",
		func(s *search, on *candidate) bool {
			return len(s.Only) == 0 || slices.Contains(s.Only, on.host.ID)
		},
		func(*search, *candidate) string { return "the VM is to run on another host" },
	},
	{
		"Migration",
		func(s *search, on *candidate) bool { return s.From == "" || whyStay(s, on) == "" },
		whyStay,
	},
	{
		"Memory",
		func(s *search, on *candidate) bool { return s.memory <= on.free },
		func(_ *search, on *candidate) string {
			return fmt.Sprintf("its available memory is too low (%f MB) to run the VM", float64(max(on.free, 0))/(1<<20))
		},
	},
	{
		"CPU",
		func(s *search, on *candidate) bool { return s.config.CPU.Topology.Count() <= s.cores(on.host) },
		func(*search, *candidate) string { return "it does not have enough cores to run the VM" },
	},
	{"CPU-Level", fitsCPU, whyCPU},
	{
		"CpuPinning",
		func(s *search, on *candidate) bool {
			return on.host.Facts.Topology == (model.Topology{}) || s.lastCPU < on.host.Facts.Topology.Count()
		},
		func(s *search, _ *candidate) string {
			return fmt.Sprintf("it does not have the CPU %d that the VM is pinned to", s.lastCPU)
		},
	},
	{
		"Emulated-Machine",
		func(s *search, on *candidate) bool {
			return s.Machine == "" || slices.Contains(on.host.Facts.MachineTypes, s.Machine)
		},
		func(s *search, _ *candidate) string {
			return fmt.Sprintf("it does not support the machine type %s", s.Machine)
		},
	},
	{
		"Display",
		func(s *search, on *candidate) bool {
			return s.Display == "" || slices.Contains(on.host.Facts.Displays, s.Display)
		},
		func(s *search, _ *candidate) string {
			return fmt.Sprintf("its QEMU does not support the display type %s", s.Display)
		},
	},
	{
		"Network",
		func(s *search, on *candidate) bool {
			return !s.networks.missing(on.host, func(*model.Network) bool { return false })
		},
		func(s *search, on *candidate) string { return s.networks.lacking(on.host) },
	},
	{
		"VmAffinityGroups",
		func(s *search, on *candidate) bool { return s.broken(on.host.ID, true) == 0 },
		whyAffinity,
	},
	{
		"Storage",
		func(s *search, on *candidate) bool { return s.Unseen[on.host.ID] == "" },
		func(s *search, on *candidate) string { return s.Unseen[on.host.ID] },
	},
}

// failing is the first filter that a host does not pass; nil if it passes all.
func failing(s *search, on *candidate) *filter {
	for i := range filters {
		if !filters[i].fits(s, on) {
			return &filters[i]
		}
	}
	return nil
}

// whyStay says why a running VM cannot be migrated to a host; empty for one to which
// it can.
func whyStay(s *search, on *candidate) string {
	switch {
	case on.host.ID == s.From:
		return "it currently hosts the VM"
	case !s.mayLeave():
		return "the VM may not be migrated"
	case s.from != nil && s.from.Facts.Accelerated != on.host.Facts.Accelerated:
		return "guests run there in another way, with KVM on one of the two hosts only"
	}
	if _, ok := PeerAddress(on.host); !ok {
		return "its address is one that other hosts cannot reach"
	}
	if s.from != nil {
		if _, ok := Carry(s.from, on.host, s.cluster, s.VM); !ok {
			return "the VM is to migrate encrypted, and its address is not one of ssh or TLS"
		}
	}
	return ""
}

// mayLeave says whether the VM may be migrated at all (api-v3 3.10).
func (s *search) mayLeave() bool {
	switch s.config.Placement.Affinity {
	case model.AffinityPinned:
		return false
	case model.AffinityUserMigratable:
		return s.Forced
	}
	return true
}

// cores is how many virtual CPUs one VM may have on a host.
func (s *search) cores(on *model.Host) int {
	if s.cluster != nil && s.cluster.ThreadsAsCores {
		return on.Facts.Topology.Count()
	}
	return max(on.Facts.Topology.Sockets*max(on.Facts.Topology.Cores, 1), 1)
}

// highest is the last CPU of a set in libvirt's notation (0-3,^2); -1 for none.
func highest(set string) int {
	last := -1
	for part := range strings.SplitSeq(set, ",") {
		if strings.HasPrefix(part, "^") {
			continue
		}
		_, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = part
		}
		if number, err := strconv.Atoi(to); err == nil {
			last = max(last, number)
		}
	}
	return last
}
