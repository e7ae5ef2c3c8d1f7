package fencing_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/engine/fencing"
	"vireo/internal/engine/sitetest"
	"vireo/internal/fault"
	"vireo/internal/fence"
	"vireo/internal/host/fake"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var h1, h2, h3 = sitetest.Host(1), sitetest.Host(2), sitetest.Host(3)

// inBubble runs a test on three hosts, of which the first has a fence agent.
func inBubble(t *testing.T, test func(*testing.T, *sitetest.Site)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		site := sitetest.New(t, sitetest.Options{Hosts: []fake.MachineSpec{{Address: h1}, {Address: h2}, {Address: h3}}})
		site.Connected()
		test(t, site)
	})
}

// give gives a host a fence agent.
func give(site *sitetest.Site, host int) {
	site.Edit(func(tx *inventory.Tx) {
		on, _ := tx.Hosts.Edit(sitetest.HostID(host))
		on.Power = model.PowerManagement{Enabled: true, Agents: []model.FenceAgent{{ID: model.NewID(), Type: "fake", Address: sitetest.Host(host), Order: 1}}}
	})
}

func act(site *sitetest.Site, host int, of model.FenceType) (*fencing.Params, error) {
	params := &fencing.Params{Type: of}
	_, err := site.Act(&engine.Call{On: model.KindHost, Name: "fence", Target: sitetest.HostID(host), Params: params, Async: new(false)})
	return params, err
}

func status(site *sitetest.Site, host int) model.HostStatus {
	on, _ := site.Inventory.Hosts.Get(sitetest.HostID(host))
	return on.Status
}

// on1 has a VM run on the first host.
func on1(site *sitetest.Site, name string, ha bool) model.ID {
	return site.Reach(name, model.StatusUp, func(vm *model.VM) {
		vm.HA.Enabled = ha
		vm.Placement.Hosts, vm.Placement.Affinity = []model.ID{sitetest.HostID(1)}, model.AffinityUserMigratable
	})
}

// free lets a VM run anywhere.
func free(site *sitetest.Site, id model.ID) {
	site.Edit(func(tx *inventory.Tx) {
		vm, _ := tx.VMs.Edit(id)
		vm.Placement = model.PlacementPolicy{Affinity: model.AffinityMigratable}
	})
}

// running counts the machines on which a guest runs.
func running(site *sitetest.Site, name string) (on []string) {
	for _, address := range []string{h1, h2, h3} {
		for _, guest := range site.World.Machine(address).Guests() {
			if guest.Name == name && guest.State != "off" {
				on = append(on, address)
			}
		}
	}
	return on
}

// TestAutomatic: a host that does not answer is cut off; its highly available VMs run
// elsewhere soon after, the others are down, and the host comes back.
func TestAutomatic(t *testing.T) {
	for name, silence := range map[string]func(*fake.Machine){
		"network": (*fake.Machine).Disappear, "hung": (*fake.Machine).Mute, "dead": (*fake.Machine).Crash,
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, site *sitetest.Site) {
				give(site, 1)
				important, plain := on1(site, "important", true), on1(site, "plain", false)
				free(site, important)
				silence(site.World.Machine(h1))
				site.Until(2*time.Minute, "it is unknown", func() bool {
					return slices.Contains(site.Events(important, 0), int(audit.SetUnknown))
				})
				site.UntilStatus(important, time.Minute, model.StatusUp)
				site.UntilStatus(plain, time.Second, model.StatusDown)
				if where := running(site, "important"); len(where) != 1 || where[0] == h1 {
					t.Errorf("it runs on %v", where)
				}
				site.Until(time.Minute, "the host is up", func() bool { return status(site, 1) == model.HostUp })
				if done := site.Fences.Done(); !slices.Equal(done, []string{"off " + h1, "on " + h1}) {
					t.Errorf("the agent did %v", done)
				}
				if on, _ := site.Inventory.Hosts.Get(sitetest.HostID(1)); on.Lost != nil {
					t.Errorf("it is still lost: %+v", on.Lost)
				}
				site.Whole(sitetest.Soon)
			})
		})
	}
}

// TestNoProofNoRestart: a host that only does not answer keeps its VMs, for ever, also
// those that are highly available; when it answers all is as it was.
func TestNoProofNoRestart(t *testing.T) {
	for name, prepare := range map[string]func(*sitetest.Site){
		"no agent":    func(*sitetest.Site) {},
		"agent fails": func(site *sitetest.Site) { give(site, 1); site.Fences.Break(h1) },
		"agents forbidden": func(site *sitetest.Site) {
			give(site, 1)
			site.Edit(func(tx *inventory.Tx) { on, _ := tx.Hosts.Edit(sitetest.HostID(1)); on.Power.Enabled = false })
		},
		"everybody is silent": func(site *sitetest.Site) {
			give(site, 1)
			site.World.Machine(h2).Disappear()
			site.World.Machine(h3).Disappear()
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, site *sitetest.Site) {
				id := on1(site, "vm", true)
				free(site, id)
				epoch := site.VM(id).Run.Epoch
				prepare(site)
				site.World.Machine(h1).Disappear()
				site.UntilStatus(id, 2*time.Minute, model.StatusUnknown)
				site.Pass(3 * time.Hour)
				if now := site.Status(id); now != model.StatusUnknown {
					t.Errorf("after hours it is %s", now)
				}
				site.Kill()
				site.AtPoints(nil)
				site.Start()
				site.Pass(time.Hour)
				for _, address := range []string{h1, h2, h3} {
					site.World.Machine(address).Answer()
				}
				site.UntilStatus(id, time.Minute, model.StatusUp)
				if vm := site.VM(id); vm.Run.Epoch != epoch || len(running(site, "vm")) != 1 {
					t.Errorf("it is run %d, was %d; it runs on %v", vm.Run.Epoch, epoch, running(site, "vm"))
				}
				if done := site.Fences.Done(); len(done) != 0 {
					t.Errorf("agents did %v", done)
				}
				site.Whole(sitetest.Soon)
			})
		})
	}
}

// TestAgentIsMended: what an agent could not do is tried again, and told.
func TestAgentIsMended(t *testing.T) {
	inBubble(t, func(t *testing.T, site *sitetest.Site) {
		give(site, 1)
		id := on1(site, "vm", true)
		free(site, id)
		site.Fences.Break(h1)
		site.World.Machine(h1).Disappear()
		site.UntilStatus(id, 2*time.Minute, model.StatusUnknown)
		site.Pass(5 * time.Minute)
		site.Fences.Mend(h1)
		site.UntilStatus(id, 15*time.Minute, model.StatusUp)
		site.Whole(sitetest.Soon)
	})
}

// TestConfirmed: the operator's word counts for a host that is not heard, and only then.
func TestConfirmed(t *testing.T) {
	inBubble(t, func(t *testing.T, site *sitetest.Site) {
		id, other := on1(site, "vm", true), on1(site, "other", false)
		free(site, id)
		if _, err := act(site, 1, model.FenceManual); err == nil || fault.Of(err).Code != fault.HostStatusWrong {
			t.Errorf("of a host that is up: %v", err)
		}
		site.World.Machine(h1).Crash()
		site.UntilStatus(id, 2*time.Minute, model.StatusUnknown)
		if _, err := act(site, 1, model.FenceManual); err != nil {
			t.Fatal(err)
		}
		site.UntilStatus(other, time.Second, model.StatusDown)
		site.UntilStatus(id, time.Minute, model.StatusUp)
		if _, err := act(site, 1, model.FenceManual); err != nil {
			t.Errorf("once more: %v", err)
		}
		site.World.Machine(h1).Restart("")
		site.Until(time.Minute, "the host is up", func() bool { return status(site, 1) == model.HostUp })
		site.UntilStatus(id, time.Second, model.StatusUp)
		site.Whole(sitetest.Soon)
	})
}

// TestFalseWord: an operator who was wrong, or an agent that lies, does not make a VM
// run twice for longer than it takes to hear of it. What was not started elsewhere is
// found again.
func TestFalseWord(t *testing.T) {
	inBubble(t, func(t *testing.T, site *sitetest.Site) {
		id, other := on1(site, "vm", true), on1(site, "other", false)
		free(site, id)
		epoch := site.VM(other).Run.Epoch
		site.World.Machine(h1).Disappear()
		site.UntilStatus(id, 2*time.Minute, model.StatusUnknown)
		if _, err := act(site, 1, model.FenceManual); err != nil {
			t.Fatal(err)
		}
		site.UntilStatus(id, time.Minute, model.StatusUp)
		if where := running(site, "vm"); len(where) != 2 {
			t.Fatalf("it runs on %v", where)
		}
		site.World.Machine(h1).Answer()
		site.Until(time.Minute, "the host is up", func() bool { return status(site, 1) == model.HostUp })
		if where := running(site, "vm"); len(where) != 1 || where[0] == h1 {
			t.Errorf("it runs on %v", where)
		}
		site.UntilStatus(other, sitetest.Soon, model.StatusUp)
		if vm := site.VM(other); vm.Run.Epoch != epoch || vm.Run.Host != sitetest.HostID(1) {
			t.Errorf("the other is run %d on %s", vm.Run.Epoch, vm.Run.Host)
		}
		// The world has seen the VM run twice, as it had to.
		site.Tidy(time.Minute)
	})
}

// TestByHand: stop, start, restart and status.
func TestByHand(t *testing.T) {
	inBubble(t, func(t *testing.T, site *sitetest.Site) {
		for _, of := range []model.FenceType{model.FenceStop, model.FenceStart, model.FenceRestart, model.FenceStatus} {
			if _, err := act(site, 1, of); err == nil || fault.Of(err).Code != fault.FenceDisabled {
				t.Errorf("%s without an agent: %v", of, err)
			}
		}
		if _, err := act(site, 1, "explode"); err == nil || fault.Of(err).Code != fault.Invalid {
			t.Errorf("an unknown type: %v", err)
		}
		give(site, 1)
		id := on1(site, "vm", false)
		for _, of := range []model.FenceType{model.FenceStop, model.FenceRestart} {
			if _, err := act(site, 1, of); err == nil || fault.Of(err).Code != fault.HostHasVMs || !strings.Contains(fault.Of(err).Message(), "vm") {
				t.Errorf("%s beneath a VM: %v", of, err)
			}
		}
		site.Do("stop", id, nil)
		power := func(want fence.Power) {
			t.Helper()
			if params, err := act(site, 1, model.FenceStatus); err != nil || params.Power != want {
				t.Errorf("the power is %q, %v; want %q", params.Power, err, want)
			}
		}
		must := func(of model.FenceType) {
			t.Helper()
			if _, err := act(site, 1, of); err != nil {
				t.Fatalf("%s: %v", of, err)
			}
		}
		power(fence.PowerOn)
		must(model.FenceStop)
		power(fence.PowerOff)
		site.Pass(time.Hour)
		if now := status(site, 1); now != model.HostDown {
			t.Errorf("a host that was stopped is %s", now)
		}
		must(model.FenceStart)
		site.Until(time.Minute, "the host is up", func() bool { return status(site, 1) == model.HostUp })
		must(model.FenceRestart)
		site.Until(time.Minute, "the host is up", func() bool { return status(site, 1) == model.HostUp })
		site.Fences.Break(h1)
		if _, err := act(site, 1, model.FenceRestart); err == nil || fault.Of(err).Code != fault.FenceFailed {
			t.Errorf("a broken agent: %v", err)
		}
		if _, err := act(site, 1, model.FenceStatus); err == nil || fault.Of(err).Code != fault.FenceFailed {
			t.Errorf("a broken agent: %v", err)
		}
		site.Whole(sitetest.Soon)
	})
}

// TestStartedInVain: a host that was given power and does not answer is given up, and
// not cut off again: what ran there has ended.
func TestStartedInVain(t *testing.T) {
	inBubble(t, func(t *testing.T, site *sitetest.Site) {
		give(site, 1)
		site.Fences.Lie(h1)
		site.World.Machine(h1).Crash()
		site.Until(5*time.Minute, "the host starts", func() bool { return status(site, 1) == model.HostReboot })
		site.Until(11*time.Minute, "it is given up", func() bool { return status(site, 1) == model.HostNonResponsive })
		site.Pass(3 * time.Hour)
		if done := site.Fences.Done(); len(done) != 2 {
			t.Errorf("the agent did %v", done)
		}
		site.Whole(sitetest.Soon)
	})
}

// TestEngineDies: at each step of a restart that the engine has decided.
func TestEngineDies(t *testing.T) {
	for _, step := range []string{"off", "lose", "on"} {
		t.Run(step, func(t *testing.T) {
			inBubble(t, func(t *testing.T, site *sitetest.Site) {
				give(site, 1)
				id := on1(site, "vm", true)
				free(site, id)
				died := site.DieAt(func(point job.Point) bool { return point.Step == step })
				site.World.Machine(h1).Crash()
				<-died
				site.Kill()
				site.AtPoints(nil)
				site.Start()
				site.UntilStatus(id, 5*time.Minute, model.StatusUp)
				site.Until(time.Minute, "the host is up", func() bool { return status(site, 1) == model.HostUp })
				if where := running(site, "vm"); len(where) != 1 {
					t.Errorf("it runs on %v", where)
				}
				site.Whole(sitetest.Soon)
			})
		})
	}
}

// TestAnsweredInTime: a host that is heard again while the engine that had decided to
// cut it off was away is left alone.
func TestAnsweredInTime(t *testing.T) {
	inBubble(t, func(t *testing.T, site *sitetest.Site) {
		give(site, 1)
		id := on1(site, "vm", true)
		epoch := site.VM(id).Run.Epoch
		died := site.DieAt(func(point job.Point) bool { return point.Step == "off" })
		site.World.Machine(h1).Disappear()
		<-died
		site.Kill()
		site.AtPoints(nil)
		site.World.Machine(h1).Answer()
		site.Start()
		site.UntilStatus(id, time.Minute, model.StatusUp)
		site.Pass(time.Hour)
		if vm := site.VM(id); vm.Run.Epoch != epoch || vm.Run.Status != model.StatusUp {
			t.Errorf("it is %s, run %d, was %d", vm.Run.Status, vm.Run.Epoch, epoch)
		}
		site.Whole(sitetest.Soon)
	})
}

// TestHeldWhenLost: a VM that a job holds while its host is confirmed to have ended is
// closed after the job, also by the next engine.
func TestHeldWhenLost(t *testing.T) {
	for _, restarted := range []bool{false, true} {
		t.Run(fmt.Sprint("restarted=", restarted), func(t *testing.T) {
			inBubble(t, func(t *testing.T, site *sitetest.Site) {
				id := on1(site, "vm", true)
				free(site, id)
				site.World.Machine(h1).Mute()
				site.Begin(&engine.Call{On: model.KindVM, Name: "suspend", Target: id, Async: new(true)})
				site.Until(2*time.Minute, "the host is silent", func() bool { return status(site, 1) == model.HostNonResponsive })
				site.World.Machine(h1).Crash()
				if _, err := act(site, 1, model.FenceManual); err != nil {
					t.Fatal(err)
				}
				if restarted {
					site.Kill()
					site.Start()
				}
				site.Until(time.Hour, "it runs elsewhere", func() bool {
					vm := site.VM(id)
					return vm.Run.Status == model.StatusUp && vm.Run.Host != sitetest.HostID(1)
				})
				site.Whole(time.Hour)
			})
		})
	}
}

// TestPowerForOneThatHasIt: a host that is given power and has had it all the time is up
// as before, and its VMs are none the worse.
func TestPowerForOneThatHasIt(t *testing.T) {
	inBubble(t, func(t *testing.T, site *sitetest.Site) {
		give(site, 1)
		id := on1(site, "vm", true)
		epoch := site.VM(id).Run.Epoch
		if _, err := act(site, 1, model.FenceStart); err != nil {
			t.Fatal(err)
		}
		site.Until(sitetest.Soon, "the host is up", func() bool { return status(site, 1) == model.HostUp })
		site.Pass(time.Hour)
		if now := status(site, 1); now != model.HostUp || site.Status(id) != model.StatusUp || site.VM(id).Run.Epoch != epoch {
			t.Errorf("the host is %s and its VM %s", now, site.Status(id))
		}
		site.Whole(sitetest.Soon)
	})
}

// TestOutdated: what a host said of its guests before it was found to have ended does not
// count when it is written down after that.
func TestOutdated(t *testing.T) {
	inBubble(t, func(t *testing.T, site *sitetest.Site) {
		id := on1(site, "vm", true)
		machine := site.World.Machine(h1)
		machine.Disappear()
		site.UntilStatus(id, 2*time.Minute, model.StatusUnknown)
		site.World.Fail(fake.Rule{Host: h1, Call: "Guests", Nth: 1, After: true, Do: func() {
			if _, err := act(site, 1, model.FenceManual); err != nil {
				t.Errorf("it was not believed: %v", err)
			}
			machine.Kill("vm")
		}})
		epoch := site.VM(id).Run.Epoch
		machine.Answer()
		site.Until(time.Minute, "it runs again", func() bool {
			vm := site.VM(id)
			return vm.Run.Status == model.StatusUp && vm.Run.Epoch > epoch
		})
		site.Whole(sitetest.Soon)
	})
}
