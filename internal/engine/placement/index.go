package placement

import (
	"vireo/internal/inventory"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// Index keeps what the VMs on each host claim, in step with an inventory. It is
// changed and read under the inventory's one transaction only, so it needs no lock
// of its own and is exact there.
type Index struct {
	loads  map[model.ID]load    // by host
	claims map[model.ID][]claim // by VM, as committed
	// clusters holds the hosts of each cluster by name; nil after one has changed.
	clusters map[model.ID][]*model.Host
}

// load is what VMs claim of a host.
type load struct {
	memory int64 // bytes, without the overhead of each guest
	cpus   int
	guests int
}

func (l load) plus(c claim, times int) load {
	return load{memory: l.memory + int64(times)*c.memory, cpus: l.cpus + times*c.cpus, guests: l.guests + times}
}

// claim is what one VM takes of one host.
type claim struct {
	host   model.ID
	memory int64
	cpus   int
}

// NewIndex reads what there is and follows what is committed from then on.
func NewIndex(inv *inventory.Inventory) *Index {
	x := &Index{loads: make(map[model.ID]load), claims: make(map[model.ID][]claim)}
	inv.FollowFrom(func() {
		for _, vm := range inv.VMs.All() {
			x.keep(vm.ID, claimsOf(vm))
		}
	}, x.follow)
	return x
}

func (x *Index) follow(ref model.Ref, object model.Object) {
	switch ref.Kind {
	case model.KindVM:
		vm, _ := object.(*model.VM)
		x.keep(ref.ID, claimsOf(vm))
	case model.KindHost:
		x.clusters = nil
	}
}

// keep replaces the claims of one VM.
func (x *Index) keep(vm model.ID, now []claim) {
	for _, old := range x.claims[vm] {
		if left := x.loads[old.host].plus(old, -1); left == (load{}) {
			delete(x.loads, old.host)
		} else {
			x.loads[old.host] = left
		}
	}
	for _, c := range now {
		x.loads[c.host] = x.loads[c.host].plus(c, 1)
	}
	if len(now) == 0 {
		delete(x.claims, vm)
		return
	}
	x.claims[vm] = now
}

// claimsOf is what a VM takes of hosts: of the one where it runs, starts, or ran
// when that host fell silent, and of the one that it is migrating to. A VM whose
// start makes volumes first is image_locked and has its place already. nil, which is
// a VM that was removed, takes nothing.
func claimsOf(vm *model.VM) []claim {
	if vm == nil || vm.Run.Host == "" || lifecycle.Resting(vm.Run.Status) && vm.Run.Status != model.StatusImageLocked {
		return nil
	}
	one := claim{host: vm.Run.Host, memory: memoryOf(vm), cpus: cpusOf(vm)}
	if vm.Run.Migration != nil && vm.Run.Migration.To != vm.Run.Host {
		other := one
		other.host = vm.Run.Migration.To
		return []claim{one, other}
	}
	return []claim{one}
}

// memoryOf is the more of what the guest has and what it is to have.
func memoryOf(vm *model.VM) int64 { return max(vm.Run.Memory, vm.Memory) }

func cpusOf(vm *model.VM) int { return max(vm.Run.Topology.Count(), vm.CPU.Topology.Count()) }

// within gives what the transaction sees of a host's load: that of all VMs but one.
func (x *Index) within(tx *inventory.Tx, but model.ID) func(host model.ID) load {
	staged := make(map[model.ID]load)
	count := func(claims []claim, times int) {
		for _, c := range claims {
			staged[c.host] = staged[c.host].plus(c, times)
		}
	}
	count(x.claims[but], -1)
	for id, vm := range tx.VMs.Changes() {
		if id != but {
			count(x.claims[id], -1)
			count(claimsOf(vm), 1)
		}
	}
	return func(host model.ID) load {
		sum, more := x.loads[host], staged[host]
		return load{memory: sum.memory + more.memory, cpus: sum.cpus + more.cpus, guests: sum.guests + more.guests}
	}
}

// hosts gives the hosts of a cluster by name, as the transaction sees them.
func (x *Index) hosts(tx *inventory.Tx, cluster model.ID) []*model.Host {
	for range tx.Hosts.Changes() {
		return byCluster(tx.Hosts.All())[cluster]
	}
	if x.clusters == nil {
		x.clusters = byCluster(tx.Hosts.All())
	}
	return x.clusters[cluster]
}

func byCluster(all []*model.Host) map[model.ID][]*model.Host {
	found := make(map[model.ID][]*model.Host)
	for _, each := range all {
		found[each.Cluster] = append(found[each.Cluster], each)
	}
	return found
}
