package watch_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine/sitetest"
	"vireo/internal/host/fake"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

func highlyAvailable(vm *model.VM) { vm.HA.Enabled = true }

// TestRestartOfFailedRuns: what ended without anybody having wanted it runs again at
// once, and what somebody wanted to end does not.
func TestRestartOfFailedRuns(t *testing.T) {
	for name, each := range map[string]struct {
		happen func(*sitetest.Site, *fake.Machine, model.ID)
		again  bool
	}{
		"crash":            {func(_ *sitetest.Site, m *fake.Machine, _ model.ID) { m.Kill("vm") }, true},
		"host restarts":    {func(_ *sitetest.Site, m *fake.Machine, _ model.ID) { m.Restart("") }, true},
		"shut down inside": {func(_ *sitetest.Site, m *fake.Machine, _ model.ID) { m.PowerOff("vm") }, false},
		"destroyed":        {func(_ *sitetest.Site, m *fake.Machine, _ model.ID) { m.DestroyGuest("vm") }, false},
		"stop":             {func(s *sitetest.Site, _ *fake.Machine, id model.ID) { s.Do("stop", id, nil) }, false},
		"crash while it was shut down": {func(s *sitetest.Site, m *fake.Machine, id model.ID) {
			s.World.Behave("vm", fake.Behavior{IgnoreAgent: true, IgnorePower: true})
			s.Do("shutdown", id, nil)
			m.Kill("vm")
		}, false},
		"crash while the engine is away": {func(s *sitetest.Site, m *fake.Machine, _ model.ID) {
			s.Kill()
			m.Kill("vm")
			s.Start()
		}, true},
		"shut down while the engine is away": {func(s *sitetest.Site, m *fake.Machine, _ model.ID) {
			s.Kill()
			m.PowerOff("vm")
			s.Start()
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
				id := site.Reach("vm", model.StatusUp, highlyAvailable)
				epoch := site.VM(id).Run.Epoch
				each.happen(site, site.World.Machine(h1), id)
				site.Until(time.Minute, "the end of the run", func() bool {
					vm := site.VM(id)
					return vm.Run.Epoch != epoch || vm.Run.Status == model.StatusDown && vm.Run.Restart == nil
				})
				if each.again {
					site.UntilStatus(id, time.Minute, model.StatusUp)
				}
				site.Pass(time.Hour)
				vm := site.VM(id)
				if again := vm.Run.Epoch != epoch && vm.Run.Status == model.StatusUp; again != each.again {
					t.Errorf("it is %s, run %d after %d", vm.Run.Status, vm.Run.Epoch, epoch)
				}
				site.Whole(sitetest.Soon)
			})
		})
	}
}

// TestPlainVMStaysDown: only highly available VMs are started again.
func TestPlainVMStaysDown(t *testing.T) {
	inBubble(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		id := site.Reach("vm", model.StatusUp)
		site.World.Machine(h1).Kill("vm")
		site.UntilStatus(id, time.Minute, model.StatusDown)
		site.Pass(time.Hour)
		if status := site.Status(id); status != model.StatusDown {
			t.Errorf("it is %s", status)
		}
	})
}

// TestRestartIsGivenUp: a VM that fails at once each time is tried with pauses, and
// then left, with an alert. A run that lasts begins the count anew.
func TestRestartIsGivenUp(t *testing.T) {
	inBubble(t, sitetest.Options{Overrides: map[string]string{"MaxNumOfTriesToRunFailedAutoStartVm": "3"}}, func(t *testing.T, site *sitetest.Site) {
		id := site.Reach("vm", model.StatusUp, highlyAvailable)
		machine, since := site.World.Machine(h1), site.LastEvent()
		kills := 0
		for kills = range 20 {
			machine.Kill("vm")
			site.Until(time.Minute, "the end of the run", func() bool { return site.Status(id) != model.StatusUp })
			site.Comes(2*time.Minute, func() bool { return site.Status(id) == model.StatusUp })
			if site.Status(id) == model.StatusDown && site.VM(id).Run.Restart == nil {
				break
			}
		}
		if kills != 3 {
			t.Errorf("it was given up at failure %d", kills+1)
		}
		events := site.Events(id, since)
		if !slices.Contains(events, int(audit.WillRestart)) || events[len(events)-1] != int(audit.RestartGivenUp) {
			t.Errorf("events %v", events)
		}
		site.Do("start", id, nil)
		site.UntilStatus(id, sitetest.Soon, model.StatusUp)
		for range 10 {
			site.Pass(time.Hour)
			machine.Kill("vm")
			site.Until(time.Minute, "the VM to be down", func() bool { return site.Status(id) != model.StatusUp })
			site.UntilStatus(id, sitetest.Soon, model.StatusUp)
		}
		site.Whole(sitetest.Soon)
	})
}

// TestRestartWaitsForAHost: with no host to run on it is tried again, and at once when
// one comes back; a stop meanwhile has it stay down.
func TestRestartWaitsForAHost(t *testing.T) {
	for _, stopped := range []bool{false, true} {
		t.Run(fmt.Sprint("stopped=", stopped), func(t *testing.T) {
			inBubble(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
				id := site.Reach("vm", model.StatusUp, highlyAvailable)
				site.Edit(func(tx *inventory.Tx) {
					on, _ := tx.Hosts.Edit(sitetest.HostID(1))
					on.Facts.Memory = 1 // nothing fits any more
				})
				site.World.Machine(h1).Kill("vm")
				site.Until(time.Minute, "a failed try", func() bool {
					return slices.Contains(site.Events(id, 0), int(audit.RestartFailed))
				})
				if stopped {
					site.Do("stop", id, nil)
				}
				site.World.Machine(h1).RestartDaemon(time.Second)
				if !stopped {
					site.UntilStatus(id, 20*time.Second, model.StatusUp)
				}
				site.Pass(time.Hour)
				if up := site.Status(id) == model.StatusUp; up == stopped {
					t.Errorf("the VM is %s", site.Status(id))
				}
				site.Whole(sitetest.Soon)
			})
		})
	}
}

// TestRestartByPriority: where not all fit, the important ones run.
func TestRestartByPriority(t *testing.T) {
	inBubble(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		priorities := map[string]int{"a": 1, "b": 100, "c": 50}
		ids := make(map[string]model.ID)
		for name, priority := range priorities {
			ids[name] = site.Reach(name, model.StatusUp, highlyAvailable, func(vm *model.VM) { vm.HA.Priority = priority })
		}
		machine := site.World.Machine(h1)
		machine.Crash()
		site.Pass(time.Minute)
		site.Edit(func(tx *inventory.Tx) {
			for _, id := range ids {
				vm, _ := tx.VMs.Edit(id)
				vm.Memory = 64 << 30 / 5 * 2
			}
		})
		machine.Restart("")
		site.UntilStatus(ids["b"], time.Minute, model.StatusUp)
		site.UntilStatus(ids["c"], time.Minute, model.StatusUp)
		if status := site.Status(ids["a"]); status != model.StatusDown {
			t.Errorf("the least important VM is %s", status)
		}
		site.Whole(sitetest.Soon)
	})
}
