package v4

import (
	"vireo/internal/fault"
	"vireo/internal/model"
)

// Apply changes a cluster by the elements that the request has. What a cluster shows and
// cannot be changed is not looked at.
func (s *Cluster) Apply(to *model.Cluster) error {
	set(&to.Name, s.Name)
	set(&to.Description, s.Description)
	set(&to.Comment, s.Comment)
	set(&to.ThreadsAsCores, s.ThreadsAsCores)
	set(&to.TunnelMigration, s.TunnelMigration)
	if s.CPU != nil {
		set(&to.CPUType, s.CPU.Type)
	}
	if s.MemoryPolicy != nil && s.MemoryPolicy.OverCommit != nil {
		to.OvercommitPercent = s.MemoryPolicy.OverCommit.Percent
	}
	if policy := s.SchedulingPolicy; policy.given() {
		wanted, known := schedulingPolicy(policy)
		if !known {
			return fault.Missing("scheduling_policy")
		}
		if wanted != to.Scheduling.Name() {
			to.Scheduling = model.SchedulingPolicy{Policy: wanted}
		}
	}
	return s.Migration.apply(&to.Migration)
}

// schedulingPolicy finds the policy that a request names, by id or name.
func schedulingPolicy(reference *Reference) (model.SchedulingPolicyName, bool) {
	for _, policy := range model.SchedulingPolicies {
		if reference.ID != nil && string(policy.ID()) == *reference.ID || reference.ID == nil && string(policy) == *reference.Name {
			return policy, true
		}
	}
	return "", false
}
