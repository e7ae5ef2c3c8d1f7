package engine_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/fencing"
	"vireo/internal/engine/sitetest"
	"vireo/internal/inventory"
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
