package vms_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/engine/fencing"
	"vireo/internal/engine/sitetest"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/model"
)

// busy is a guest that changes its memory faster than the link carries.
func busy(vm *model.VM) { vm.Migration.AutoConverge = "false" }

var dirty = fake.Behavior{DirtyRate: 1 << 30}

// cancelling asks for a cancellation.
func cancelling(id model.ID) *engine.Call {
	return &engine.Call{On: model.KindVM, Name: "cancelmigration", Target: id}
}

// TestCancel: the VM stays as if nothing had happened, and the other host has nothing.
func TestCancel(t *testing.T) {
	migrating(t, 2, func(t *testing.T, site *sitetest.Site, id model.ID) {
		site.World.Behave("vm", dirty)
		since := site.LastEvent()
		migration := site.Begin(&engine.Call{On: model.KindVM, Name: "migrate", Target: id})
		site.Pass(20 * time.Second)
		if site.Status(id) != model.StatusMigrating {
			t.Fatalf("it is %s", site.Status(id))
		}
		result, err := site.Act(cancelling(id))
		if err != nil || result.Pending || result.Job.Monitored {
			t.Errorf("%+v, %v", result, err)
		}
		stayed(t, site, id, model.StatusUp)
		ended, err := site.Engine.Wait(t.Context(), migration.Job.ID)
		if err != nil || ended.Fault == nil || ended.Fault.Code != fault.Interrupted {
			t.Errorf("the migration ended with %+v, %v", ended.Fault, err)
		}
		site.Pass(time.Minute)
		if events := site.Events(id, since); !slices.Equal(events, []int{62, 161}) {
			t.Errorf("events %v", events)
		}
		_, err = site.Act(cancelling(id))
		if fault.Of(err).Code != fault.NothingToCancel {
			t.Errorf("a second time: %v", err)
		}
		site.World.Behave("vm", fake.Behavior{})
		site.Do("migrate", id, nil)
		arrived(t, site, id, model.StatusUp, 2)
	}, busy)
}

// TestCancelInLine: one that waits for its turn leaves the line.
func TestCancelInLine(t *testing.T) {
	migrating(t, 2, func(t *testing.T, site *sitetest.Site, first model.ID) {
		site.World.Behave("", dirty)
		// The other host is not there while they start.
		site.World.Machine(sitetest.Host(2)).Disappear()
		site.Pass(time.Minute)
		second, third := site.Reach("second", model.StatusUp, busy), site.Reach("third", model.StatusUp, busy)
		site.World.Machine(sitetest.Host(2)).Answer()
		site.Connected()
		for _, id := range []model.ID{first, second, third} {
			site.Begin(&engine.Call{On: model.KindVM, Name: "migrate", Target: id})
			site.Pass(time.Second)
		}
		if site.World.Moving(third) {
			t.Error("it does not wait")
		}
		for _, id := range []model.ID{third, first, second} {
			if _, err := site.Act(cancelling(id)); err != nil {
				t.Error(err)
			}
			if site.Status(id) != model.StatusUp || site.World.Moving(id) || site.World.Moving(third) {
				t.Errorf("it is %s", site.Status(id))
			}
		}
		stayed(t, site, third, model.StatusUp)
	}, busy)
}

// TestCancelRaces asks for a cancellation at any moment of a migration: it is either
// cancelled, and all as it was, or done, and the source is free.
func TestCancelRaces(t *testing.T) {
	rounds := 100
	if sitetest.Slow {
		rounds = 20
	}
	outcomes := map[bool]int{}
	for range rounds {
		migrating(t, 2, func(t *testing.T, site *sitetest.Site, id model.ID) {
			since := site.LastEvent()
			slow := time.Duration(rand.IntN(3)) * 50 * time.Millisecond
			for _, call := range []string{"Receive", "BeginMigration", "FollowMigration", "AbortMigration", "Forget"} {
				site.World.Fail(fake.Rule{Call: call, Delay: slow})
			}
			migration := site.Begin(&engine.Call{On: model.KindVM, Name: "migrate", Target: id})
			// The guest takes 5 s to go.
			site.Pass(4500*time.Millisecond + rand.N(900*time.Millisecond))
			_, err := site.Act(cancelling(id))
			if _, waitErr := site.Engine.Wait(t.Context(), migration.Job.ID); waitErr != nil {
				t.Fatal(waitErr)
			}
			events := site.Events(id, since)
			cancelled := err == nil
			outcomes[cancelled]++
			want := []int{62, 161}
			switch code := fault.Of(err).Code; {
			case cancelled:
				stayed(t, site, id, model.StatusUp)
			case code == fault.CancelTooLate:
				arrived(t, site, id, model.StatusUp, 2)
				want = []int{62, 63, 162}
			case code == fault.NothingToCancel:
				arrived(t, site, id, model.StatusUp, 2)
				want = []int{62, 63}
			default:
				t.Errorf("%v", err)
			}
			if !slices.Equal(events, want) {
				t.Errorf("%v: events %v, want %v", err, events, want)
			}
			if running := site.World.Running(id); len(running) != 1 {
				t.Errorf("it runs on %v", running)
			}
		})
	}
	t.Logf("%d were cancelled, %d were not", outcomes[true], outcomes[false])
	if outcomes[true] == 0 || outcomes[false] == 0 {
		t.Error("it was no race")
	}
}

// TestStopWhileMigrating: the guest is ended, on both hosts.
func TestStopWhileMigrating(t *testing.T) {
	for _, name := range []string{"stop", "shutdown"} {
		migrating(t, 2, func(t *testing.T, site *sitetest.Site, id model.ID) {
			site.World.Behave("vm", fake.Behavior{DirtyRate: 1 << 30, IgnoreAgent: true, IgnorePower: true})
			since := site.LastEvent()
			site.Begin(&engine.Call{On: model.KindVM, Name: "migrate", Target: id})
			site.Pass(time.Second)
			site.Do(name, id, nil)
			if site.Status(id) != model.StatusDown || len(site.World.Running(id)) > 0 {
				t.Errorf("after %s it is %s and runs on %v", name, site.Status(id), site.World.Running(id))
			}
			ended := map[string]int{"stop": 33, "shutdown": 76}[name]
			if events := site.Events(id, since); !slices.Equal(events, []int{62, 64, 61, ended}) {
				t.Errorf("%s: events %v", name, events)
			}
		}, busy)
	}
}

// TestMigrationIsStuck: a guest that cannot be carried is given up, in the end.
func TestMigrationIsStuck(t *testing.T) {
	migrating(t, 2, func(t *testing.T, site *sitetest.Site, id model.ID) {
		site.World.Behave("vm", dirty)
		since := site.LastEvent()
		result := site.Begin(&engine.Call{On: model.KindVM, Name: "migrate", Target: id, Params: to(2)})
		ended, err := site.Engine.Wait(t.Context(), result.Job.ID)
		if err != nil || ended.Fault == nil || ended.Fault.Code != fault.MigrationStuck {
			t.Errorf("it ended with %+v, %v", ended.Fault, err)
		}
		stayed(t, site, id, model.StatusUp)
		if events := site.Events(id, since); !slices.Equal(events, []int{62, 65}) {
			t.Errorf("events %v", events)
		}
	}, busy, func(vm *model.VM) { vm.MigrationDowntime = 500 })
}

// TestBusyGuestsConverge: by default a busy guest arrives, for it is slowed down; and
// without that, because it may stand still for longer in the end.
func TestBusyGuestsConverge(t *testing.T) {
	for name, edit := range map[string]func(*model.VM){"slowed down": func(*model.VM) {}, "given time": busy} {
		t.Run(name, func(t *testing.T) {
			migrating(t, 2, func(t *testing.T, site *sitetest.Site, id model.ID) {
				site.World.Behave("vm", dirty)
				result := site.Begin(&engine.Call{On: model.KindVM, Name: "migrate", Target: id})
				if ended, err := site.Engine.Wait(t.Context(), result.Job.ID); err != nil || ended.Fault != nil {
					t.Errorf("it ended with %+v, %v", ended.Fault, err)
				}
				arrived(t, site, id, model.StatusUp, 2)
			}, edit)
		})
	}
}

// TestMigrationEndsAlone: the source falls silent, and the guest arrives: it is where it
// is seen to run.
func TestMigrationEndsAlone(t *testing.T) {
	migrating(t, 2, func(t *testing.T, site *sitetest.Site, id model.ID) {
		site.Begin(&engine.Call{On: model.KindVM, Name: "migrate", Target: id})
		site.Pass(4 * time.Second)
		source := site.World.Machine(sitetest.Host(1))
		// The daemon of the source is heard of no more once the guest has gone.
		cancel := site.World.Fail(fake.Rule{Host: sitetest.Host(1), Hang: true})
		site.Until(time.Minute, "it has arrived", func() bool { return site.VM(id).Run.Host == sitetest.HostID(2) })
		site.UntilStatus(id, time.Minute, model.StatusUp)
		cancel()
		source.Cut()
		site.Connected()
		site.Until(5*time.Minute, "the source keeps nothing", func() bool { return len(source.Guests()) == 0 && len(source.Seeded()) == 0 })
	})
}

// TestLeftAtItsSource: a source that is heard of late has kept a copy of a guest that has
// arrived, and that may have ended since. It is ended, and never taken for the guest.
func TestLeftAtItsSource(t *testing.T) {
	for name, ends := range map[string]bool{"it runs": false, "it was shut down": true} {
		t.Run(name, func(t *testing.T) {
			migrating(t, 2, func(t *testing.T, site *sitetest.Site, id model.ID) {
				site.Begin(&engine.Call{On: model.KindVM, Name: "migrate", Target: id})
				site.Pass(4 * time.Second)
				source := site.World.Machine(sitetest.Host(1))
				silent := site.World.Fail(fake.Rule{Host: sitetest.Host(1), Hang: true})
				site.Until(time.Minute, "it has arrived", func() bool { return site.VM(id).Run.Host == sitetest.HostID(2) })
				source.KeepCopy("vm")
				want := model.StatusUp
				if ends {
					want = model.StatusDown
					site.World.Machine(sitetest.Host(2)).PowerOff("vm")
				}
				site.UntilStatus(id, time.Minute, want)
				silent()
				source.Cut()
				site.Connected()
				site.Until(5*time.Minute, "the source keeps nothing", func() bool { return len(source.Guests()) == 0 && len(source.Seeded()) == 0 })
				site.UntilStatus(id, time.Minute, want)
			})
		})
	}
}

// TestLeftAndNobodyKnows: a copy at the source is left alone as long as the host of the VM
// does not say that it has the guest.
func TestLeftAndNobodyKnows(t *testing.T) {
	migrating(t, 2, func(t *testing.T, site *sitetest.Site, id model.ID) {
		site.Begin(&engine.Call{On: model.KindVM, Name: "migrate", Target: id})
		site.Pass(4 * time.Second)
		source, there := site.World.Machine(sitetest.Host(1)), site.World.Machine(sitetest.Host(2))
		silent := site.World.Fail(fake.Rule{Host: sitetest.Host(1), Hang: true})
		site.Until(time.Minute, "it has arrived", func() bool { return site.VM(id).Run.Host == sitetest.HostID(2) })
		site.UntilStatus(id, time.Minute, model.StatusUp)
		source.KeepCopy("vm")
		there.Disappear()
		silent()
		source.Cut()
		site.Pass(time.Hour)
		if guests := source.Guests(); len(guests) != 1 {
			t.Errorf("the source has %v", guests)
		}
		there.Answer()
		site.Connected()
		site.Until(5*time.Minute, "the source keeps nothing", func() bool { return len(source.Guests()) == 0 })
		site.UntilStatus(id, time.Minute, model.StatusUp)
	})
}

// TestBroughtBackByHand: a source that was to be freed of what a guest has left has the guest
// again, for somebody has brought it back.
func TestBroughtBackByHand(t *testing.T) {
	migrating(t, 2, func(t *testing.T, site *sitetest.Site, id model.ID) {
		site.Begin(&engine.Call{On: model.KindVM, Name: "migrate", Target: id})
		site.Pass(4 * time.Second)
		silent := site.World.Fail(fake.Rule{Host: sitetest.Host(1), Hang: true})
		site.Until(time.Minute, "it has arrived", func() bool { return site.VM(id).Run.Host == sitetest.HostID(2) })
		if !site.World.MigrateGuest(id, sitetest.Host(1)) {
			t.Fatal("it could not be brought back")
		}
		silent()
		site.World.Machine(sitetest.Host(1)).Cut()
		site.Connected()
		site.Until(5*time.Minute, "it is found", func() bool {
			vm := site.VM(id)
			return vm.Run.Host == sitetest.HostID(1) && vm.Run.Status == model.StatusUp
		})
		if running := site.World.Running(id); len(running) != 1 {
			t.Errorf("it runs on %v", running)
		}
	})
}

// TestArrivedPausedAndLostItsSource: a guest that its user had paused has arrived, and its
// source ends before it has said so.
func TestArrivedPausedAndLostItsSource(t *testing.T) {
	migrating(t, 3, func(t *testing.T, site *sitetest.Site, id model.ID) {
		source, there := site.World.Machine(sitetest.Host(1)), site.World.Machine(sitetest.Host(2))
		source.PauseGuest("vm")
		site.UntilStatus(id, time.Minute, model.StatusPaused)
		site.Begin(&engine.Call{On: model.KindVM, Name: "migrate", Target: id, Params: to(2)})
		site.Pass(4 * time.Second)
		silent := site.World.Fail(fake.Rule{Host: sitetest.Host(1), Hang: true})
		site.Until(time.Minute, "it has arrived", func() bool {
			guests := there.Guests()
			return len(guests) == 1 && guests[0].Pause == host.PauseUser
		})
		source.Restart("")
		silent()
		site.Until(5*time.Minute, "it is there", func() bool {
			vm := site.VM(id)
			return vm.Run.Host == sitetest.HostID(2) && vm.Run.Status == model.StatusPaused
		})
	})
}

// TestArrivedAndShutDown: the source is lost in the moment in which the guest arrives, and
// its user shuts it down before anybody has looked: it is down, and stays so.
func TestArrivedAndShutDown(t *testing.T) {
	migrating(t, 3, func(t *testing.T, site *sitetest.Site, id model.ID) {
		since := site.LastEvent()
		source, there := site.World.Machine(sitetest.Host(1)), site.World.Machine(sitetest.Host(2))
		site.Begin(&engine.Call{On: model.KindVM, Name: "migrate", Target: id, Params: to(2)})
		site.Pass(4 * time.Second)
		silent := site.World.Fail(fake.Rule{Host: sitetest.Host(1), Hang: true})
		unseen := site.World.Fail(fake.Rule{Host: sitetest.Host(2), Call: "Guest", Hang: true})
		site.Until(time.Minute, "it has arrived", func() bool { return len(there.Guests()) == 1 && there.Guests()[0].State == host.Running })
		source.Crash()
		there.PowerOff("vm")
		site.Pass(5 * time.Second)
		silent()
		unseen()
		there.Cut() // what hangs is asked again
		site.Until(5*time.Minute, "the host is silent", func() bool {
			on, _ := site.Inventory.Hosts.Get(sitetest.HostID(1))
			return on.Status == model.HostNonResponsive
		})
		manual := &engine.Call{On: model.KindHost, Name: "fence", Target: sitetest.HostID(1), Params: &fencing.Params{Type: model.FenceManual}}
		if _, err := site.Act(manual); err != nil {
			t.Fatal(err)
		}
		site.Pass(time.Hour)
		if status := site.Status(id); status != model.StatusDown || site.VM(id).Run.Restart != nil {
			t.Errorf("it is %s, events %v", status, site.Events(id, since))
		}
		if events := site.Events(id, since); !slices.Contains(events, 61) || slices.Contains(events, int(audit.WillRestart)) || slices.Contains(events, 143) {
			t.Errorf("events %v", events)
		}
		source.Restart("")
		site.Connected()
	}, func(vm *model.VM) { vm.HA.Enabled = true })
}

// TestEngineDiesWhileMigrating: the guest goes on, and arrives, with or without an engine.
func TestEngineDiesWhileMigrating(t *testing.T) {
	for _, away := range []time.Duration{time.Second, time.Minute} {
		migrating(t, 2, func(t *testing.T, site *sitetest.Site, id model.ID) {
			since := site.LastEvent()
			site.Begin(&engine.Call{On: model.KindVM, Name: "migrate", Target: id})
			site.Pass(2 * time.Second)
			site.Kill()
			site.Pass(away)
			site.Start()
			site.Until(time.Minute, "it has arrived", func() bool { return site.VM(id).Run.Host == sitetest.HostID(2) })
			synctest.Wait()
			arrived(t, site, id, model.StatusUp, 2)
			if events := site.Events(id, since); !slices.Contains(events, 63) || slices.Contains(events, 61) || slices.Contains(events, 119) {
				t.Errorf("events %v", events)
			}
		})
	}
}
