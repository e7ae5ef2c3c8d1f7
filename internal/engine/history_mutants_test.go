package engine_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/fencing"
	"vireo/internal/engine/sitetest"
	"vireo/internal/inventory"
	"vireo/internal/lease"
	"vireo/internal/model"
)

// mutants are engines and worlds that do what must not be, each with a schedule in which
// they do it.
var mutants = map[string]struct {
	mutant   func(*play)
	schedule []deed
}{
	"takes silence for an end": {
		mutant:   loseTheSilent,
		schedule: append(brokenAgents(), onEveryHost("the host is gone", 3*time.Minute)...),
	},
	"takes half a guest that is silent for ended": {
		mutant:   loseTheSilent,
		schedule: append(brokenAgents(), deed{What: "it is torn, and the destination is gone", Wait: 5 * time.Minute}),
	},
	"believes an agent that lies": {
		mutant: func(p *play) {
			for i := range randomHosts {
				p.Fences.Lie(sitetest.Host(i + 1))
			}
		},
		schedule: append(onEveryHost("the host answers", time.Minute), onEveryHost("the host is mute", 4*time.Minute)...),
	},
	"believes an operator who errs": {
		mutant: func(p *play) {
			for i := range randomHosts {
				_, _ = p.Engine.Act(context.Background(), &engine.Call{
					On: model.KindHost, Name: "fence", Target: sitetest.HostID(i + 1), Params: &fencing.Params{Type: model.FenceManual},
				})
			}
		},
		schedule: onEveryHost("the host is gone", 3*time.Minute),
	},
	"lets back to the storage what was not restarted": {
		mutant: func(p *play) {
			for i := range randomHosts {
				p.World.Machine(sitetest.Host(i + 1)).Bar(false)
			}
		},
		schedule: onEveryHost("the host is gone", 3*time.Minute),
	},
	"believes a lease that has lapsed too early": {
		mutant: func(p *play) {
			p.closeByLeases(func(record lease.Record, renewal lease.Renewal) bool {
				known := p.stamps[record.Holder.Host]
				p.stamps[record.Holder.Host] = renewal.Stamp
				return record.Held && known == renewal.Stamp
			})
		},
		schedule: lapses(),
	},
	"believes a lease that nobody holds": {
		mutant: func(p *play) {
			p.closeByLeases(func(record lease.Record, _ lease.Renewal) bool { return !record.Held })
		},
		schedule: slices.Concat(onEveryHost("its agent breaks", 0), onEveryHost("it leaves leases alone", 0),
			[]deed{{What: "stop", Wait: time.Minute}, {What: "start", Wait: time.Minute}}, onEveryHost("the host is gone", 3*time.Minute)),
	},
	"shows down what is silent": {
		mutant: func(p *play) {
			p.Edit(func(tx *inventory.Tx) {
				for _, vm := range tx.VMs.All() {
					if vm.Run.Status == model.StatusUnknown {
						edited, _ := tx.VMs.Edit(vm.ID)
						engine.SetStatus(edited, model.StatusDown, "")
					}
				}
			})
		},
		schedule: append(brokenAgents(), onEveryHost("the host is gone", 3*time.Minute)...),
	},
	"starts again what was shut down": {
		mutant: func(p *play) {
			for _, id := range p.ids {
				_, _ = p.Engine.Act(context.Background(), &engine.Call{On: model.KindVM, Name: "start", Target: id})
			}
		},
		schedule: []deed{{What: "the guest powers off", Wait: time.Minute}},
	},
}

// loseTheSilent takes every host that does not answer for one that has ended.
func loseTheSilent(p *play) {
	p.Edit(func(tx *inventory.Tx) {
		for _, on := range tx.Hosts.All() {
			if edited, _ := tx.Hosts.Edit(on.ID); on.Status == model.HostNonResponsive && !engine.Ended(on) {
				p.Engine.Lose(tx, edited, "It does not answer.")
			}
		}
	})
}

// brokenAgents leave hosts that are silent alone.
func brokenAgents() (all []deed) {
	for i := range randomHosts {
		all = append(all, deed{What: "its agent breaks", Host: i})
	}
	return all
}

// closeByLeases closes the runs of VMs that nothing is heard of, whose lease says what is
// taken for a proof.
func (p *play) closeByLeases(proves func(lease.Record, lease.Renewal) bool) {
	ctx, leases := context.Background(), p.World.Leases()
	for _, id := range p.ids {
		vm := p.VM(id)
		record, err := leases.Record(ctx, nil, id)
		if err != nil || vm.Run.Lease == nil || vm.Run.Status != model.StatusUnknown {
			continue
		}
		all, err := leases.Renewals(ctx, nil)
		if err != nil || !proves(record, all[record.Holder.Host]) {
			continue
		}
		p.Edit(func(tx *inventory.Tx) {
			edited, _ := tx.VMs.Edit(id)
			if edited.Run.Lease != nil {
				edited.Run.Lease.Holder = &record.Holder
				p.Engine.LoseByLease(tx, id, edited.Run.Epoch, record.Holder)
			}
		})
	}
}

// lapses has one host after the other miss renewals, for less long than it takes to kill
// what it has.
func lapses() (all []deed) {
	all = onEveryHost("its agent breaks", 0)
	for i := range randomHosts {
		all = append(all, deed{What: "the host is gone", Host: i, Wait: time.Minute}, deed{What: "it loses its leases", Host: i, Wait: time.Minute},
			deed{What: "it gains its leases", Host: i}, deed{What: "the host answers", Host: i, Wait: 2 * time.Minute})
	}
	return all
}

// onEveryHost has the same happen to one host after the other, alone.
func onEveryHost(what string, wait time.Duration) (all []deed) {
	for i := range randomHosts {
		all = append(all, deed{What: what, Host: i, Wait: wait}, deed{What: "the host answers", Host: i, Wait: 2 * time.Minute})
	}
	return all
}

// TestHistoriesFindMutants: what must not be is found, so the checker can fail.
func TestHistoriesFindMutants(t *testing.T) {
	for name, made := range mutants {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPlay(t, made.mutant)
				for _, next := range made.schedule {
					p.happens(next)
					p.pass(next.Wait)
				}
				wrong := judge(p.history())
				if !strings.Contains(wrong, "no order") {
					t.Errorf("it was not found: %q", wrong)
				}
				p.mutant = nil
				p.World.ClearRules()
			})
		})
	}
}
