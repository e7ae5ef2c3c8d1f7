package placement

import (
	"cmp"
	"slices"

	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// Needs is what a VM asks of a host.
type Needs struct {
	VM *model.VM
	// Display is the display of this run; empty is none.
	Display model.DisplayType
	// Machine is the machine type asked for; empty is the host's own choice.
	Machine string
	// Only are the hosts that may be used; empty is all of the cluster.
	Only []model.ID
	// Not are hosts that were tried already.
	Not []model.ID
	// From is the host that a guest that runs is to leave; nil for a start.
	From *model.Host
	// Prefer is taken when it passes.
	Prefer model.ID
	// Unseen says, by host, what storage that the VM needs a host does not see.
	Unseen map[model.ID]string
	Verb   string
}

// Limits are the engine options that filters use, in bytes.
type Limits struct {
	// HostReserve is kept of each host's memory, GuestOverhead added to each
	// guest's.
	HostReserve, GuestOverhead int64
}

// candidate is a host with what is left of it.
type candidate struct {
	host    *model.Host
	cluster *model.Cluster
	free    int64 // bytes, by the rule of the cluster
	guests  int
}

// Choose gives the host to use, or the documented refusal: no host at all, or
// each host with its reason (api-v3 3.2).
func Choose(tx *inventory.Tx, needs Needs, limits Limits) (*model.Host, error) {
	candidates := survey(tx, needs.VM, limits)
	if len(candidates) == 0 {
		return nil, &fault.Fault{
			Kind: fault.Untyped, Code: fault.NoHosts, Command: true,
			Messages: fault.New(fault.NoHosts).Messages,
		}
	}
	var reasons []*fault.Fault
	var fit []candidate
	for _, each := range candidates {
		if slices.Contains(needs.Not, each.host.ID) {
			continue
		}
		if name, why := reject(tx, each, needs, limits); why != "" {
			reasons = append(reasons, fault.New(fault.HostFiltered, each.host.Name, name, why))
			continue
		}
		fit = append(fit, each)
	}
	if len(fit) == 0 {
		refusal := fault.New(fault.AllHostsFiltered, needs.Verb).With(reasons...)
		if len(needs.Only) == 1 {
			if pinned, ok := tx.Hosts.Get(needs.Only[0]); ok {
				refusal = refusal.With(fault.New(fault.PinnedHostUnusable, pinned.Name))
			}
		}
		return nil, refusal
	}
	slices.SortStableFunc(fit, func(a, b candidate) int {
		for _, weigh := range weights {
			if order := weigh(a, b, needs); order != 0 {
				return order
			}
		}
		return 0
	})
	return fit[0].host, nil
}

// survey lists the hosts of the VM's cluster that are up or about to be, with what
// the VMs on them leave.
func survey(tx *inventory.Tx, vm *model.VM, limits Limits) []candidate {
	used := make(map[model.ID]int64)
	guests := make(map[model.ID]int)
	for _, other := range tx.VMs.All() {
		if other.Run.Host == "" || lifecycle.Resting(other.Run.Status) || other.ID == vm.ID {
			continue
		}
		for _, on := range places(other) {
			used[on] += max(other.Run.Memory, other.Memory) + limits.GuestOverhead
			guests[on]++
		}
	}
	cluster, _ := tx.Clusters.Get(vm.Cluster)
	var found []candidate
	for _, each := range tx.Hosts.All() {
		if each.Cluster != vm.Cluster || !each.Reachable() {
			continue
		}
		memory := each.Facts.Memory - limits.HostReserve
		if cluster != nil && cluster.OvercommitPercent > 100 {
			memory = memory / 100 * int64(cluster.OvercommitPercent)
		}
		found = append(found, candidate{host: each, cluster: cluster, free: memory - used[each.ID], guests: guests[each.ID]})
	}
	return found
}

// places are the hosts that a VM counts on: while it migrates, both.
func places(vm *model.VM) []model.ID {
	on := []model.ID{vm.Run.Host}
	if vm.Run.Migration != nil && vm.Run.Migration.To != vm.Run.Host {
		on = append(on, vm.Run.Migration.To)
	}
	return on
}

// weights order the hosts that passed: those that are up come before those that
// are reconnecting, then the preferred one, the one with the fewest guests, the one
// with the most room.
var weights = []func(a, b candidate, needs Needs) int{
	func(a, b candidate, _ Needs) int {
		return -boolCompare(a.host.Status == model.HostUp, b.host.Status == model.HostUp)
	},
	func(a, b candidate, needs Needs) int {
		return -boolCompare(a.host.ID == needs.Prefer, b.host.ID == needs.Prefer)
	},
	func(a, b candidate, _ Needs) int { return cmp.Compare(a.guests, b.guests) },
	func(a, b candidate, _ Needs) int { return -cmp.Compare(a.free, b.free) },
}

func boolCompare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}
