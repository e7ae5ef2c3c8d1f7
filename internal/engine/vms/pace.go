package vms

import (
	"time"

	"vireo/internal/engine/placement"
	"vireo/internal/host"
	"vireo/internal/model"
)

// schedule says for how long a guest may stand still, in percent of its limit, when its
// memory has been gone through so often without an end. What stands still for a short
// while only needs more passes; one that ends so is the best of all migrations.
type schedule []share

type share struct{ passes, percent int }

// schedules are those of the policies. With the usual limit of 500 ms they are the steps of
// RHV: five of its hosts (api-v3 3.10), and those of oVirt's policies.
var schedules = map[model.MigrationPolicy]schedule{
	model.MigrationLegacy:   {{0, 20}, {1, 40}, {2, 60}, {3, 80}, {4, 100}},
	model.MigrationMinimal:  {{0, 20}, {1, 30}, {2, 40}, {3, 60}, {4, 80}},
	model.MigrationSuspend:  {{0, 20}, {1, 30}, {2, 40}, {3, 60}, {4, 80}, {6, 100}},
	model.MigrationPostCopy: {{0, 20}, {1, 30}, {2, 40}, {3, 60}, {4, 80}, {6, 100}},
}

// scheduleOf is that of a policy; none is the legacy one.
func scheduleOf(policy model.MigrationPolicy) schedule {
	if s, ok := schedules[policy]; ok {
		return s
	}
	return schedules[model.MigrationLegacy]
}

// allowed is for how long a guest may stand still whose memory has been gone through so
// often. It is 0, the host's own default, only where that was asked for.
func (c *conduct) allowed(passes int) time.Duration {
	percent := 0
	for _, share := range c.schedule {
		if passes >= share.passes {
			percent = share.percent
		}
	}
	if c.limit == 0 {
		return 0
	}
	return max(c.limit*time.Duration(percent)/100, time.Millisecond)
}

// pace notices that a migration takes more passes, or gets no further. Its guest may then
// stand still for longer in the end, as long as its conduct lets it; or it is ended in
// post-copy.
type pace struct {
	conduct
	// downtime is what is allowed now.
	downtime time.Duration
	// passes is which pass is seen now; began is what the smallest pass began with, and
	// shrinks says that this is the one.
	passes  int
	began   int64
	shrinks bool
	// least is the least that was left in passes that shrank, since when.
	least int64
	since time.Time
	stall time.Duration
	// before is what was allowed before the last measure.
	before time.Duration
}

func (r *room) newPace(vm *model.VM, to model.ID) *pace {
	var carriage placement.Carriage
	from, known := r.Inventory.Hosts.Get(vm.Run.Host)
	if there, ok := r.Inventory.Hosts.Get(to); ok && known {
		carriage, _ = placement.Carry(from, there, r.clusterOf(vm), vm)
	}
	p := &pace{conduct: r.conductOf(vm, carriage.Tunnelled), since: time.Now(), stall: r.Values.Duration("MigrationStallTime")}
	p.downtime = p.allowed(0)
	return p
}

// measure is what is to be done about a migration now.
type measure string

// The measures: nothing, to let the guest stand still for longer, to end it in post-copy,
// and to give it up.
const (
	goOn      measure = ""
	stretch   measure = "stretch"
	finish    measure = "finish"
	surrender measure = "surrender"
)

// look says what to do, now that a migration is so far.
func (p *pace) look(progress host.MigrationProgress) measure {
	p.note(progress)
	if allowed := p.allowed(progress.Passes); allowed > p.downtime {
		p.downtime, p.before = allowed, p.downtime
		return stretch
	}
	if time.Since(p.since) < p.stall {
		return goOn
	}
	p.since, p.before = time.Now(), p.downtime
	switch {
	case p.postCopy:
		return finish
	case p.downtime < p.limit:
		p.downtime = p.limit
	case p.downtime >= p.ceiling:
		return surrender
	default:
		p.downtime = min(2*p.downtime, p.ceiling)
	}
	return stretch
}

// unsaid takes back what was let stand still for longer after a stall, and that the host was not
// told: the guest is not given up before it has been tried.
func (p *pace) unsaid() { p.downtime = p.before }

// note keeps when the migration has got further. A pass that begins with less than any
// before it does, and so does what is carried in it: that it begins with more than the last
// one had left at its end is no step back. A pass that begins with no less gets nowhere.
func (p *pace) note(progress host.MigrationProgress) {
	switch {
	case progress.Total <= 0:
		return
	case p.began == 0 || progress.Passes > p.passes:
		p.passes = progress.Passes
		if p.began == 0 {
			// An engine that begins to look in the middle of a pass does not know with how much that began.
			p.began, p.shrinks = max(progress.Left, progress.Total), true
		} else if p.shrinks = progress.Left < p.began-p.began/10; p.shrinks {
			p.began = progress.Left
		}
	case !p.shrinks || progress.Left >= p.least:
		return
	}
	if p.shrinks {
		p.least, p.since = progress.Left, time.Now()
	}
}
