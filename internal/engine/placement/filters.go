package placement

import (
	"fmt"
	"slices"

	"vireo/internal/inventory"
)

// filter is one reason for which a host will not do. Its sentence follows
// "because"; empty lets the host pass. The names are those that messages use
// (api-v3 3.2).
type filter struct {
	name   string
	reject func(tx *inventory.Tx, on candidate, needs Needs, limits Limits) string
}

var filters = []filter{
	{"PinToHost", func(_ *inventory.Tx, on candidate, needs Needs, _ Limits) string {
		if len(needs.Only) > 0 && !slices.Contains(needs.Only, on.host.ID) {
			return "the VM is to run on another host"
		}
		return ""
	}},
	{"Memory", func(_ *inventory.Tx, on candidate, needs Needs, limits Limits) string {
		if needs.VM.Memory+limits.GuestOverhead > on.free {
			return fmt.Sprintf("its available memory is too low (%f MB) to run the VM", float64(max(on.free, 0))/(1<<20))
		}
		return ""
	}},
	{"CPU", func(_ *inventory.Tx, on candidate, needs Needs, _ Limits) string {
		cores := on.host.Facts.Topology.Sockets * max(on.host.Facts.Topology.Cores, 1)
		if on.cluster != nil && on.cluster.ThreadsAsCores {
			cores = on.host.Facts.Topology.Count()
		}
		if needs.VM.CPU.Topology.Count() > max(cores, 1) {
			return "it does not have enough cores to run the VM"
		}
		return ""
	}},
	{"Emulated-Machine", func(_ *inventory.Tx, on candidate, needs Needs, _ Limits) string {
		if needs.Machine != "" && !slices.Contains(on.host.Facts.MachineTypes, needs.Machine) {
			return fmt.Sprintf("it does not support the machine type %s", needs.Machine)
		}
		return ""
	}},
	{"Display", func(_ *inventory.Tx, on candidate, needs Needs, _ Limits) string {
		if needs.Display != "" && !slices.Contains(on.host.Facts.Displays, needs.Display) {
			return fmt.Sprintf("its QEMU does not support the display type %s", needs.Display)
		}
		return ""
	}},
	{"Network", func(tx *inventory.Tx, on candidate, needs Needs, _ Limits) string {
		return lacksNetwork(tx, on.host, needs.VM)
	}},
	{"Migration", func(_ *inventory.Tx, on candidate, needs Needs, _ Limits) string {
		if needs.From == nil {
			return ""
		}
		if needs.From.Facts.Accelerated != on.host.Facts.Accelerated {
			return "guests run there in another way, with KVM on one of the two hosts only"
		}
		if _, ok := PeerAddress(on.host); !ok {
			return "its address is one that other hosts cannot reach"
		}
		return ""
	}},
	{"Storage", func(_ *inventory.Tx, on candidate, needs Needs, _ Limits) string { return needs.Unseen[on.host.ID] }},
}

func reject(tx *inventory.Tx, on candidate, needs Needs, limits Limits) (name, why string) {
	for _, each := range filters {
		if why := each.reject(tx, on, needs, limits); why != "" {
			return each.name, why
		}
	}
	return "", ""
}
