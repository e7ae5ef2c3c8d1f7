package placement

import (
	"cmp"

	"vireo/internal/model"
)

// weight puts the better of two hosts first: below 0 is a, above 0 is b, 0 leaves it
// to the weights that follow.
type weight func(s *search, a, b *candidate) int

// always come before what the policy says: hosts that are up before those that are
// reconnecting, those that break fewer soft affinity rules, the preferred one.
var always = []weight{
	func(_ *search, a, b *candidate) int {
		return trueFirst(a.host.Status == model.HostUp, b.host.Status == model.HostUp)
	},
	func(s *search, a, b *candidate) int {
		return cmp.Compare(s.broken(a.host.ID, false), s.broken(b.host.ID, false))
	},
	func(s *search, a, b *candidate) int {
		return trueFirst(a.host.ID == s.Prefer, b.host.ID == s.Prefer)
	},
}

// policies are the weights of each scheduling policy.
var policies = map[model.SchedulingPolicyName][]weight{
	model.PolicyNone:                {fewerGuests, moreFree},
	model.PolicyVMEvenlyDistributed: {fewerGuests, moreFree},
	model.PolicyEvenlyDistributed:   {belowHigh, lessBusy, moreFree},
	model.PolicyPowerSaving:         {belowHigh, inUse, fuller, fewerGuests},
}

// usualHigh is thresholds/high of a cluster that does not say, in percent.
const usualHigh = 80

func weightsOf(cluster *model.Cluster) []weight {
	if cluster == nil {
		return policies[model.PolicyNone]
	}
	if order, known := policies[cluster.Scheduling.Name()]; known {
		return order
	}
	return policies[model.PolicyNone]
}

// compare is below 0 where a is the better of two hosts. Of equals, the first by
// name stays the best.
func (s *search) compare(order []weight, a, b *candidate) int {
	for _, weigh := range always {
		if better := weigh(s, a, b); better != 0 {
			return better
		}
	}
	for _, weigh := range order {
		if better := weigh(s, a, b); better != 0 {
			return better
		}
	}
	return 0
}

// busy says whether a host has more virtual CPUs than the upper threshold allows,
// this VM included.
func (s *search) busy(on *candidate) bool {
	high := usualHigh
	if s.cluster != nil && s.cluster.Scheduling.High > 0 {
		high = s.cluster.Scheduling.High
	}
	return (on.load.cpus+s.cpus)*100 > high*on.host.Facts.Topology.Count()
}

func belowHigh(s *search, a, b *candidate) int { return trueFirst(!s.busy(a), !s.busy(b)) }

// lessBusy compares the virtual CPUs for each CPU of the host, this VM included.
func lessBusy(s *search, a, b *candidate) int {
	return cmp.Compare((a.load.cpus+s.cpus)*b.host.Facts.Topology.Count(), (b.load.cpus+s.cpus)*a.host.Facts.Topology.Count())
}

// fuller is best fit: the host of which this VM leaves the least, by the scarcer of
// CPUs and memory. Of hosts that are past the threshold it is the other way round.
func fuller(s *search, a, b *candidate) int {
	if s.busy(a) {
		return lessBusy(s, a, b)
	}
	return -cmp.Compare(s.share(a), s.share(b))
}

// share is how much of a host is used with this VM, from 0 to 1 and above.
func (s *search) share(on *candidate) float64 {
	cpus := float64(on.load.cpus+s.cpus) / float64(on.host.Facts.Topology.Count())
	memory := float64(on.memory-on.free+s.memory) / float64(max(on.memory, 1))
	return max(cpus, memory)
}

func inUse(_ *search, a, b *candidate) int { return trueFirst(a.load.guests > 0, b.load.guests > 0) }

func fewerGuests(_ *search, a, b *candidate) int { return cmp.Compare(a.load.guests, b.load.guests) }

func moreFree(_ *search, a, b *candidate) int { return -cmp.Compare(a.free, b.free) }

func trueFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	default:
		return 1
	}
}
