package model

import "time"

// SchedulingPolicy is scheduling_policy of a cluster: which of the hosts that will
// do a VM is given.
type SchedulingPolicy struct {
	// Policy is empty for the default, [PolicyNone].
	Policy SchedulingPolicyName `json:"policy,omitempty"`
	// Low and High are thresholds/low and high in percent of a host's CPUs; 0 is the
	// default of the policy.
	Low  int `json:"low,omitempty"`
	High int `json:"high,omitempty"`
	// Duration is thresholds/duration, for which a threshold must be passed before
	// guests are moved; whole seconds.
	Duration time.Duration `json:"duration,omitempty"`
}

// Name is the policy, the default one included.
func (p SchedulingPolicy) Name() SchedulingPolicyName {
	if p.Policy == "" {
		return PolicyNone
	}
	return p.Policy
}

// SchedulingPolicyName is scheduling_policy/policy.
type SchedulingPolicyName string

// The scheduling policies, by the names that both versions have for them.
const (
	PolicyNone                SchedulingPolicyName = "none"
	PolicyEvenlyDistributed   SchedulingPolicyName = "evenly_distributed"
	PolicyPowerSaving         SchedulingPolicyName = "power_saving"
	PolicyVMEvenlyDistributed SchedulingPolicyName = "vm_evenly_distributed"
)

// SchedulingPolicies are all of them, in the order in which they are listed.
var SchedulingPolicies = []SchedulingPolicyName{
	PolicyEvenlyDistributed, PolicyNone, PolicyPowerSaving, PolicyVMEvenlyDistributed,
}

// AffinityGroup says which VMs of a cluster are to run on one host, or on as many
// hosts as there are VMs (api-v3 schema, AffinityGroup).
type AffinityGroup struct {
	ID          ID     `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Comment     string `json:"comment,omitempty"`
	Cluster     ID     `json:"cluster"`
	// Positive groups keep their VMs together, others keep them apart.
	Positive bool `json:"positive"`
	// Enforcing groups forbid the hosts that would break them; others only come
	// after the hosts that do not.
	Enforcing bool `json:"enforcing"`
	// VMs are the members, in the order in which they came.
	VMs []ID `json:"vms,omitempty"`
}

// Ref names the affinity group.
func (g *AffinityGroup) Ref() Ref { return Ref{KindAffinityGroup, g.ID} }

// ObjectName is its name.
func (g *AffinityGroup) ObjectName() string { return g.Name }

// policyIDs are those that a fresh RHV has (api-v4 appendix).
var policyIDs = map[SchedulingPolicyName]ID{
	PolicyNone:                "b4ed2332-a7ac-4d5f-9596-99a439cb2812",
	PolicyEvenlyDistributed:   "20d25257-b4bd-4589-92a6-c4c5c5d3fd1a",
	PolicyPowerSaving:         "5a2b0939-7d46-4b73-a469-e9c2c7fc6a53",
	PolicyVMEvenlyDistributed: "8d5d7bec-68de-4a67-b53e-0ac54686d579",
}

// ID is the fixed id of the policy; empty for a word that is none.
func (n SchedulingPolicyName) ID() ID { return policyIDs[n] }
