package watch_test

import (
	"slices"
	"testing"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// twoHosts runs a test on a highly available VM that is up on the first of two hosts.
func twoHosts(t *testing.T, test func(t *testing.T, site *sitetest.Site, id model.ID)) {
	t.Helper()
	hosts := []fake.MachineSpec{{Address: h1}, {Address: sitetest.Host(2)}}
	inBubble(t, sitetest.Options{Hosts: hosts}, func(t *testing.T, site *sitetest.Site) {
		id := site.Reach("vm", model.StatusUp, func(vm *model.VM) {
			vm.HA.Enabled, vm.Placement.Hosts = true, []model.ID{sitetest.HostID(1)}
		})
		site.Edit(func(tx *inventory.Tx) {
			vm, _ := tx.VMs.Edit(id)
			vm.Placement.Hosts = nil
		})
		test(t, site, id)
		site.Whole(sitetest.Soon)
	})
}

// TestMigratedByHand: a guest that somebody has brought to another host is found there, and
// not started a second time.
func TestMigratedByHand(t *testing.T) {
	twoHosts(t, func(t *testing.T, site *sitetest.Site, id model.ID) {
		if !site.World.MigrateGuest(id, sitetest.Host(2)) {
			t.Fatal("it could not be migrated")
		}
		site.Until(sitetest.Soon, "it is found", func() bool { return site.VM(id).Run.Host == sitetest.HostID(2) })
		site.UntilStatus(id, sitetest.Soon, model.StatusUp)
		site.Pass(time.Hour)
		if running := site.World.Running(id); !slices.Equal(running, []string{sitetest.Host(2)}) {
			t.Errorf("its guest runs on %v", running)
		}
		if events := site.Events(id, 0); !slices.Contains(events, int(audit.FoundElsewhere)) || slices.Contains(events, 119) {
			t.Errorf("events %v", events)
		}
		if left := site.World.Machine(h1).Guests(); len(left) > 0 {
			t.Errorf("its first host has %v", left)
		}
	})
}

// TestMigratedToSomewhere: a guest that has migrated to where nobody looks is started nowhere;
// its VM is unknown until it is found, or somebody removes what it has left.
func TestMigratedToSomewhere(t *testing.T) {
	for name, ended := range map[string]bool{"it is found": false, "it has ended": true} {
		t.Run(name, func(t *testing.T) {
			twoHosts(t, func(t *testing.T, site *sitetest.Site, id model.ID) {
				there := site.World.Machine(sitetest.Host(2))
				// It is in maintenance: nobody asks it.
				host := func(name string) {
					if _, err := site.Act(&engine.Call{On: model.KindHost, Name: name, Target: sitetest.HostID(2)}); err != nil {
						t.Fatal(err)
					}
				}
				host("deactivate")
				site.Until(time.Minute, "it is in maintenance", func() bool {
					on, _ := site.Inventory.Hosts.Get(sitetest.HostID(2))
					return on.Status == model.HostMaintenance
				})
				if !site.World.MigrateGuest(id, sitetest.Host(2)) {
					t.Fatal("it could not be migrated")
				}
				site.UntilStatus(id, time.Minute, model.StatusUnknown)
				site.Pass(time.Hour)
				told := slices.DeleteFunc(site.Events(id, 0), func(code int) bool { return code != int(audit.MovedAway) })
				if status := site.Status(id); status != model.StatusUnknown || len(told) != 1 {
					t.Errorf("it is %s, and that was told %d times", status, len(told))
				}
				if running := site.World.Running(id); len(running) != 1 {
					t.Errorf("its guest runs on %v", running)
				}
				// Whatever becomes of the host that it has left, it did not end there.
				site.World.Machine(h1).Restart("")
				site.Connected()
				site.Pass(time.Hour)
				site.Edit(func(tx *inventory.Tx) {
					on, _ := tx.Hosts.Edit(sitetest.HostID(1))
					site.Engine.Lose(tx, on, "Somebody said so.")
				})
				site.Pass(time.Minute)
				if status, running := site.Status(id), site.World.Running(id); status != model.StatusUnknown || len(running) != 1 {
					t.Errorf("it is %s and runs on %v", status, running)
				}
				site.World.Machine(h1).Restart("")
				site.Connected()
				if ended {
					there.ForgetGuest("vm")
					site.World.Machine(h1).ForgetGuest("vm")
				}
				host("activate")
				site.UntilStatus(id, 5*time.Minute, model.StatusUp)
			})
		})
	}
}

// TestRestoredAfterAMigration: data that was restored from a backup says that a guest is where
// it was before it migrated. It is found, whichever host is compared first.
func TestRestoredAfterAMigration(t *testing.T) {
	for _, forgotten := range []bool{false, true} {
		for _, first := range []int{1, 2} {
			restoredAfter(t, first, forgotten)
		}
	}
}

func restoredAfter(t *testing.T, first int, forgotten bool) {
	twoHosts(t, func(t *testing.T, site *sitetest.Site, id model.ID) {
		site.Stop()
		site.World.MigrateGuest(id, sitetest.Host(2))
		if forgotten {
			site.World.Machine(h1).ForgetGuest("vm")
		}
		last := site.World.Machine(sitetest.Host(3 - first))
		last.Disappear()
		site.Start()
		site.Until(time.Minute, "one is compared", func() bool {
			on, _ := site.Inventory.Hosts.Get(sitetest.HostID(first))
			return on.Status == model.HostUp
		})
		site.Pass(time.Second)
		last.Answer()
		site.Until(5*time.Minute, "it is found", func() bool {
			vm := site.VM(id)
			return vm.Run.Host == sitetest.HostID(2) && vm.Run.Status == model.StatusUp
		})
	})
}

// TestEndedElsewhere: a guest that was brought to another host by hand, and was shut down there
// before anybody looked, has ended so.
func TestEndedElsewhere(t *testing.T) {
	twoHosts(t, func(t *testing.T, site *sitetest.Site, id model.ID) {
		unseen := site.World.Fail(fake.Rule{Call: "Guest", Hang: true})
		site.World.MigrateGuest(id, sitetest.Host(2))
		site.World.Machine(sitetest.Host(2)).PowerOff("vm")
		site.Pass(time.Second)
		unseen()
		for _, machine := range []string{h1, sitetest.Host(2)} {
			site.World.Machine(machine).Cut() // what hangs is asked again
		}
		site.UntilStatus(id, sitetest.Soon, model.StatusDown)
		site.Pass(time.Hour)
		if events := site.Events(id, 0); site.Status(id) != model.StatusDown || !slices.Contains(events, 61) || slices.Contains(events, 119) {
			t.Errorf("it is %s, events %v", site.Status(id), events)
		}
	})
}

// TestRebootedAfterAMigration: a host that was emptied by hand and restarted while no engine
// was there has not taken its guests with it, also when the one that has them is heard of later.
func TestRebootedAfterAMigration(t *testing.T) {
	for _, status := range []model.HostStatus{model.HostUp, model.HostNonOperational, model.HostNonResponsive} {
		t.Run(string(status), func(t *testing.T) {
			twoHosts(t, func(t *testing.T, site *sitetest.Site, id model.ID) {
				site.Kill()
				there := site.World.Machine(sitetest.Host(2))
				site.World.MigrateGuest(id, sitetest.Host(2))
				site.World.Machine(h1).ForgetGuest("vm")
				site.World.Machine(h1).Restart("")
				there.Disappear()
				site.Start()
				site.Edit(func(tx *inventory.Tx) {
					on, _ := tx.Hosts.Edit(sitetest.HostID(2))
					on.Status = status
				})
				site.Until(time.Minute, "the first is compared", func() bool {
					on, _ := site.Inventory.Hosts.Get(sitetest.HostID(1))
					return on.Status == model.HostUp
				})
				site.Pass(5 * time.Second)
				there.Answer()
				site.Until(5*time.Minute, "it is found", func() bool {
					vm := site.VM(id)
					return vm.Run.Host == sitetest.HostID(2) && vm.Run.Status == model.StatusUp
				})
				if events := site.Events(id, 0); slices.Contains(events, 143) {
					t.Errorf("events %v", events)
				}
			})
		})
	}
}

// TestBroughtFromASilentHost: a guest that somebody has brought away from a host that nothing is
// heard of is not lost with that host.
func TestBroughtFromASilentHost(t *testing.T) {
	twoHosts(t, func(t *testing.T, site *sitetest.Site, id model.ID) {
		site.World.Fail(fake.Rule{Host: h1, Call: "Connect", Error: host.ErrUnreachable})
		site.World.Machine(h1).Cut()
		site.Pass(time.Minute)
		if !site.World.MigrateGuest(id, sitetest.Host(2)) {
			t.Fatal("it could not be migrated")
		}
		site.Until(time.Minute, "it is found", func() bool {
			vm := site.VM(id)
			return vm.Run.Host == sitetest.HostID(2) && vm.Run.Status == model.StatusUp
		})
		site.Edit(func(tx *inventory.Tx) {
			on, _ := tx.Hosts.Edit(sitetest.HostID(1))
			site.Engine.Lose(tx, on, "It was fenced.")
		})
		site.Pass(time.Minute)
		if running := site.World.Running(id); site.Status(id) != model.StatusUp || !slices.Equal(running, []string{sitetest.Host(2)}) {
			t.Errorf("it is %s and runs on %v", site.Status(id), running)
		}
		site.World.ClearRules()
		site.World.Machine(h1).Restart("")
		site.Connected()
	})
}

// TestVanishedBesideAMuteHost: a host that is connected and does not answer for long is no
// reason never to close the run of a guest that is gone.
func TestVanishedBesideAMuteHost(t *testing.T) {
	twoHosts(t, func(t *testing.T, site *sitetest.Site, id model.ID) {
		site.World.Fail(fake.Rule{Host: sitetest.Host(2), Call: "Guest", Hang: true})
		site.World.Machine(h1).ForgetGuest("vm")
		began := time.Now()
		site.Until(2*time.Minute, "it is known to be gone", func() bool { return slices.Contains(site.Events(id, 0), 119) })
		if took := time.Since(began); took < site.Values.Duration("VdsTimeout") {
			t.Errorf("its host was waited for %v", took)
		}
		site.World.ClearRules()
		site.World.Machine(sitetest.Host(2)).Cut() // what hangs is asked again
		site.UntilStatus(id, time.Minute, model.StatusUp)
	})
}

// TestProvenWhileNobodyWasThere: the host of a VM is known to have ended, the VM was held by a
// job then, and the engine died when that had ended: the next one closes the run.
func TestProvenWhileNobodyWasThere(t *testing.T) {
	twoHosts(t, func(t *testing.T, site *sitetest.Site, id model.ID) {
		lost := site.World.Machine(h1)
		lost.Crash()
		site.Edit(func(tx *inventory.Tx) {
			on, _ := tx.Hosts.Edit(sitetest.HostID(1))
			on.Lost = &model.Lost{BootID: on.BootID, At: time.Now(), Runs: make(map[model.ID]uint64)}
		})
		site.Kill()
		site.Start()
		site.Until(5*time.Minute, "it runs elsewhere", func() bool {
			vm := site.VM(id)
			return vm.Run.Host == sitetest.HostID(2) && vm.Run.Status == model.StatusUp
		})
		lost.Restart("")
		site.Connected()
	})
}
