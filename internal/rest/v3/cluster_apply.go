package v3

import (
	"time"

	"vireo/internal/model"
)

// SchedulingPolicy is scheduling_policy of a cluster: by id, name or the older word
// policy, which is the name.
type SchedulingPolicy struct {
	ID         *string     `wire:"id,attr"`
	Name       *string     `wire:"name"`
	Policy     *string     `wire:"policy"`
	Thresholds *Thresholds `wire:"thresholds"`
}

// Thresholds are those of a scheduling policy: percentages, and seconds.
type Thresholds struct {
	Low      *int `wire:"low,attr"`
	High     *int `wire:"high,attr"`
	Duration *int `wire:"duration,attr"`
}

func showScheduling(policy model.SchedulingPolicy) *SchedulingPolicy {
	name := policy.Name()
	out := &SchedulingPolicy{ID: text(name.ID()), Policy: text(name)}
	if policy.Low != 0 || policy.High != 0 || policy.Duration != 0 {
		out.Thresholds = &Thresholds{
			Low: new(policy.Low), High: new(policy.High), Duration: new(int(policy.Duration / time.Second)),
		}
	}
	return out
}

// apply takes another policy without the thresholds of the one before.
func (s *SchedulingPolicy) apply(to *model.SchedulingPolicy) error {
	if s == nil {
		return nil
	}
	wanted := to.Name()
	for _, word := range []*string{s.Name, s.Policy} {
		if err := setMember(&wanted, "SchedulingPolicy", model.SchedulingPolicies, word); err != nil {
			return err
		}
	}
	if s.ID != nil {
		known := false
		for _, policy := range model.SchedulingPolicies {
			if string(policy.ID()) == *s.ID {
				wanted, known = policy, true
			}
		}
		if !known {
			return NotNamed("scheduling_policy", *s.ID)
		}
	}
	if wanted != to.Name() {
		*to = model.SchedulingPolicy{Policy: wanted}
	}
	if t := s.Thresholds; t != nil {
		set(&to.Low, t.Low)
		set(&to.High, t.High)
		if t.Duration != nil {
			to.Duration = time.Duration(*t.Duration) * time.Second
		}
	}
	return nil
}

// Apply changes a cluster by the elements that the request has. What a cluster shows
// and cannot be changed is not looked at.
func (s *Cluster) Apply(to *model.Cluster) error {
	set(&to.Name, s.Name)
	set(&to.Description, s.Description)
	set(&to.Comment, s.Comment)
	set(&to.ThreadsAsCores, s.ThreadsAsCores)
	if s.CPU != nil {
		set(&to.CPUType, s.CPU.ID)
	}
	if s.MemoryPolicy != nil && s.MemoryPolicy.Overcommit != nil {
		to.OvercommitPercent = s.MemoryPolicy.Overcommit.Percent
	}
	set(&to.TunnelMigration, s.TunnelMigration)
	if err := s.Migration.apply(&to.Migration); err != nil {
		return err
	}
	return s.SchedulingPolicy.apply(&to.Scheduling)
}
