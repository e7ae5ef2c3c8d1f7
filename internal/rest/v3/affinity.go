package v3

import "vireo/internal/model"

// AffinityGroup is an affinity group of a cluster.
type AffinityGroup struct {
	Resource
	Cluster   *Reference `wire:"cluster"`
	Positive  *bool      `wire:"positive"`
	Enforcing *bool      `wire:"enforcing"`
}

// AffinityGroups is a list of affinity groups.
type AffinityGroups struct {
	Collection
	AffinityGroup []AffinityGroup `wire:"affinity_group"`
}

// affinityGroupHref is the address of a group in its cluster.
func (p *Page) affinityGroupHref(group *model.AffinityGroup) string {
	return below(p.Href(model.KindCluster, group.Cluster), "affinitygroups", string(group.ID))
}

// ShowAffinityGroup shows an affinity group.
func (p *Page) ShowAffinityGroup(group *model.AffinityGroup) *AffinityGroup {
	out := &AffinityGroup{Resource: p.resource("affinity_group", p.affinityGroupHref(group), group.ID)}
	out.describe(group.Name, group.Description, group.Comment)
	out.Cluster = p.ref(model.KindCluster, group.Cluster)
	out.Positive, out.Enforcing = new(group.Positive), new(group.Enforcing)
	return out
}

// AffinityGroupVM is a VM as a member of an affinity group, by its name.
type AffinityGroupVM struct {
	Resource
}

// ShowAffinityGroupVM shows a member of an affinity group.
func (p *Page) ShowAffinityGroupVM(group *model.AffinityGroup, vm *model.VM) *AffinityGroupVM {
	out := &AffinityGroupVM{Resource{Href: below(p.affinityGroupHref(group), "vms", string(vm.ID)), ID: new(string(vm.ID))}}
	out.Name = new(vm.Name)
	return out
}

// CheckAdd refuses an affinity group to be made that lacks what it must have.
func (s *AffinityGroup) CheckAdd() error {
	need := required{subject: "AffinityGroup", method: "add"}
	need.need(filled(s.Name), "name")
	need.need(s.Positive != nil, "positive")
	need.need(s.Enforcing != nil, "enforcing")
	return need.check()
}

// CheckAdd refuses a member that is not named.
func (s *AffinityGroupVM) CheckAdd() error {
	need := required{subject: "VM", method: "add"}
	need.need(s.Reference().given(), "id|name")
	return need.check()
}

// Apply changes an affinity group by the elements that the request has.
func (s *AffinityGroup) Apply(to *model.AffinityGroup) {
	set(&to.Name, s.Name)
	set(&to.Description, s.Description)
	set(&to.Comment, s.Comment)
	set(&to.Positive, s.Positive)
	set(&to.Enforcing, s.Enforcing)
}
