package placement

import (
	"slices"

	"vireo/internal/fault"
	"vireo/internal/inventory"
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
	// Prefer is taken when it passes.
	Prefer model.ID
	// From is the host that a running VM is to leave; empty for a start. Forced lets
	// a VM go that only an administrator may migrate (user_migratable).
	From   model.ID
	Forced bool
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
	host *model.Host
	load load
	// memory is what may be given to guests, by the rule of the cluster, and free
	// what is left of it; bytes. free is below 0 where the rule has changed.
	memory, free int64
}

// search is what one choice looks at, worked out once for all hosts.
type search struct {
	Needs
	limits   Limits
	from     *model.Host // that the guest is to leave; nil for a start
	config   model.VMConfig
	cluster  *model.Cluster // nil if there is none
	memory   int64          // with overhead, bytes
	cpus     int
	lastCPU  int           // the highest CPU of a host that a virtual one is pinned to; -1: none is
	required model.CPUType // by the cluster; the zero value asks for nothing
	networks needed
	rules    []rule
}

// Choose gives the host to use, or the documented refusal: no host at all, or
// each host with its reason (api-v3 3.2). It is to be called in the transaction
// that writes the choice.
func (x *Index) Choose(tx *inventory.Tx, needs Needs, limits Limits) (*model.Host, error) {
	s := newSearch(tx, needs, limits)
	candidates := x.survey(tx, s)
	if len(candidates) == 0 {
		return nil, &fault.Fault{
			Kind: fault.Untyped, Code: fault.NoHosts, Command: true,
			Messages: fault.New(fault.NoHosts).Messages,
		}
	}
	order := weightsOf(s.cluster)
	var best *candidate
	for i := range candidates {
		each := &candidates[i]
		if slices.Contains(needs.Not, each.host.ID) || failing(s, each) != nil {
			continue
		}
		if best == nil || s.compare(order, each, best) < 0 {
			best = each
		}
	}
	if best == nil {
		return nil, refusal(tx, s, candidates)
	}
	return best.host, nil
}

func newSearch(tx *inventory.Tx, needs Needs, limits Limits) *search {
	vm := needs.VM
	s := &search{
		Needs: needs, limits: limits, config: vm.Effective(), memory: memoryOf(vm) + limits.GuestOverhead,
		cpus: cpusOf(vm), lastCPU: -1, rules: rulesFor(tx, vm),
	}
	s.cluster, _ = tx.Clusters.Get(vm.Cluster)
	s.from, _ = tx.Hosts.Get(needs.From)
	if s.cluster != nil {
		s.required, _ = model.CPUTypeNamed(s.cluster.CPUType)
	}
	s.networks = networksFor(tx, vm)
	for _, pin := range s.config.CPU.Pins {
		s.lastCPU = max(s.lastCPU, highest(pin.CPUSet))
	}
	return s
}

// survey lists the hosts of the VM's cluster that are up or about to be, with what
// the VMs on them leave.
func (x *Index) survey(tx *inventory.Tx, s *search) []candidate {
	loads := x.within(tx, s.VM.ID)
	hosts := x.hosts(tx, s.VM.Cluster)
	found := make([]candidate, 0, len(hosts))
	for _, each := range hosts {
		if !each.Reachable() {
			continue
		}
		c := candidate{host: each, load: loads(each.ID), memory: each.Facts.Memory - s.limits.HostReserve}
		if s.cluster != nil && s.cluster.OvercommitPercent > 100 {
			c.memory = c.memory / 100 * int64(s.cluster.OvercommitPercent)
		}
		c.free = c.memory - c.load.memory - int64(c.load.guests)*s.limits.GuestOverhead
		found = append(found, c)
	}
	return found
}

// refusal names each host that was not tried, with its reason.
func refusal(tx *inventory.Tx, s *search, candidates []candidate) *fault.Fault {
	var reasons []*fault.Fault
	for i := range candidates {
		each := &candidates[i]
		if slices.Contains(s.Not, each.host.ID) {
			continue
		}
		if failed := failing(s, each); failed != nil {
			reasons = append(reasons, fault.New(fault.HostFiltered, each.host.Name, failed.name, failed.why(s, each)))
		}
	}
	refused := fault.New(fault.AllHostsFiltered, s.Verb).With(reasons...)
	if len(s.Only) == 1 {
		if pinned, ok := tx.Hosts.Get(s.Only[0]); ok {
			refused = refused.With(fault.New(fault.PinnedHostUnusable, pinned.Name))
		}
	}
	return refused
}
