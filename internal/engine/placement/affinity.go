package placement

import (
	"maps"
	"slices"
	"strings"

	"vireo/internal/inventory"
	"vireo/internal/model"
)

// rule is what one affinity group says of one VM: the hosts where the other members
// of the group are. There is none for a group whose other members are nowhere.
type rule struct {
	group *model.AffinityGroup
	hosts map[model.ID]bool
}

// keeps says whether the rule holds when the VM is on that host.
func (r rule) keeps(host model.ID) bool { return r.hosts[host] == r.group.Positive }

// rulesFor are the rules of the groups that a VM is in.
func rulesFor(tx *inventory.Tx, vm *model.VM) []rule {
	var found []rule
	for _, group := range tx.AffinityGroups.All() {
		if group.Cluster != vm.Cluster || !slices.Contains(group.VMs, vm.ID) {
			continue
		}
		if hosts := placesOf(tx, group, vm.ID); len(hosts) > 0 {
			found = append(found, rule{group, hosts})
		}
	}
	return found
}

// placesOf are the hosts that members of a group, but one, have a place on.
func placesOf(tx *inventory.Tx, group *model.AffinityGroup, but model.ID) map[model.ID]bool {
	var hosts map[model.ID]bool
	for _, id := range group.VMs {
		member, ok := tx.VMs.Get(id)
		if !ok || id == but || member.Cluster != group.Cluster {
			continue
		}
		for _, c := range claimsOf(member) {
			if hosts == nil {
				hosts = make(map[model.ID]bool)
			}
			hosts[c.host] = true
		}
	}
	return hosts
}

// broken counts the rules that a host would break: those that forbid it, or the
// others.
func (s *search) broken(host model.ID, enforcing bool) int {
	count := 0
	for _, each := range s.rules {
		if each.group.Enforcing == enforcing && !each.keeps(host) {
			count++
		}
	}
	return count
}

func whyAffinity(s *search, on *candidate) string {
	var apart, together []string
	for _, each := range s.rules {
		switch {
		case !each.group.Enforcing || each.keeps(on.host.ID):
		case each.group.Positive:
			together = append(together, each.group.Name)
		default:
			apart = append(apart, each.group.Name)
		}
	}
	if len(apart) > 0 {
		return "it matched negative affinity rules " + strings.Join(apart, ", ")
	}
	return "it did not match positive affinity rules " + strings.Join(together, ", ")
}

// Broken gives the names of the VMs that do not run as their group says: members of
// a group that keeps its VMs together which are on different hosts, or members of
// one that keeps them apart which share a host. It is by name and empty for a group
// that holds.
func Broken(tx *inventory.Tx, group *model.AffinityGroup) []string {
	names := make(map[model.ID][]string) // by host
	for _, id := range group.VMs {
		vm, ok := tx.VMs.Get(id)
		if !ok || vm.Cluster != group.Cluster {
			continue
		}
		if claims := claimsOf(vm); len(claims) > 0 {
			names[claims[0].host] = append(names[claims[0].host], vm.Name)
		}
	}
	var found []string
	for _, on := range slices.Collect(maps.Values(names)) {
		if group.Positive && len(names) > 1 || !group.Positive && len(on) > 1 {
			found = append(found, on...)
		}
	}
	slices.Sort(found)
	return found
}
