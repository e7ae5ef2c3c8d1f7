package v4

import "vireo/internal/model"

// AffinityGroup is an affinity group of a cluster (api-v4 3.6). Positive and Enforcing are the
// older form of the rule for VMs, which clients still send and read.
type AffinityGroup struct {
	Resource
	Enforcing *bool `wire:"enforcing"`
	// HostsRule is shown switched off and refused otherwise: groups are of VMs only.
	HostsRule *AffinityRule `wire:"hosts_rule"`
	Positive  *bool         `wire:"positive"`
	// Priority is shown only: no group gives way to another one.
	Priority *float64      `wire:"priority"`
	VMsRule  *AffinityRule `wire:"vms_rule"`
	Cluster  *Reference    `wire:"cluster"`
}

// AffinityGroups is a list of affinity groups.
type AffinityGroups struct {
	Collection
	AffinityGroup []AffinityGroup `wire:"affinity_group"`
}

// AffinityRule says how the VMs of a group are kept.
type AffinityRule struct {
	Enabled   *bool `wire:"enabled"`
	Enforcing *bool `wire:"enforcing"`
	Positive  *bool `wire:"positive"`
}

// GroupVM is a VM as a member of an affinity group, by its name.
type GroupVM struct {
	Resource
}

func (p *Page) affinityGroupHref(group *model.AffinityGroup) string {
	return below(p.Href(model.KindCluster, group.Cluster), "affinitygroups", string(group.ID))
}

// ShowAffinityGroup shows an affinity group.
func (p *Page) ShowAffinityGroup(group *model.AffinityGroup) *AffinityGroup {
	out := &AffinityGroup{Resource: p.resource("affinity_group", p.affinityGroupHref(group), group.ID)}
	out.describe(group.Name, group.Description, group.Comment)
	out.Positive, out.Enforcing = new(group.Positive), new(group.Enforcing)
	out.Priority = new(1.0)
	out.HostsRule = &AffinityRule{Enabled: new(false), Positive: new(false), Enforcing: new(false)}
	out.VMsRule = &AffinityRule{Enabled: new(true), Positive: out.Positive, Enforcing: out.Enforcing}
	out.Cluster = p.Ref(model.KindCluster, group.Cluster)
	return out
}

// ShowGroupVM shows a member of an affinity group.
func (p *Page) ShowGroupVM(group *model.AffinityGroup, vm *model.VM) *GroupVM {
	out := &GroupVM{Resource{Href: below(p.affinityGroupHref(group), "vms", string(vm.ID)), ID: new(string(vm.ID))}}
	out.Name = new(vm.Name)
	return out
}

// CheckAdd refuses an affinity group to be made without a name.
func (s *AffinityGroup) CheckAdd() error {
	need := required{subject: "AffinityGroup", method: "add"}
	need.need(filled(s.Name), "name")
	return need.check()
}

// CheckAdd refuses a member that is not named.
func (s *GroupVM) CheckAdd() error {
	need := required{subject: "VM", method: "add"}
	need.need(s.Reference().given(), "id|name")
	return need.check()
}

// Apply changes an affinity group by the elements that the request has; the rule wins over
// its older form.
func (s *AffinityGroup) Apply(to *model.AffinityGroup) error {
	set(&to.Name, s.Name)
	set(&to.Description, s.Description)
	set(&to.Comment, s.Comment)
	set(&to.Positive, s.Positive)
	set(&to.Enforcing, s.Enforcing)
	if s.HostsRule != nil && (s.HostsRule.Enabled == nil || *s.HostsRule.Enabled) {
		return unsupported("Affinity groups have no rule for hosts.")
	}
	if s.VMsRule == nil {
		return nil
	}
	if s.VMsRule.Enabled != nil && !*s.VMsRule.Enabled {
		return unsupported("The rule for the VMs of an affinity group cannot be switched off.")
	}
	set(&to.Positive, s.VMsRule.Positive)
	set(&to.Enforcing, s.VMsRule.Enforcing)
	return nil
}
