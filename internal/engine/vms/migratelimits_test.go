package vms_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/fault"
	"vireo/internal/model"
)

// TestMigrateRefusedByStatus: one that is on its way, and one that does not run.
func TestMigrateRefusedByStatus(t *testing.T) {
	migrating(t, 2, func(t *testing.T, site *sitetest.Site, id model.ID) {
		again := &engine.Call{On: model.KindVM, Name: "migrate", Target: id}
		site.Begin(&engine.Call{On: model.KindVM, Name: "migrate", Target: id, Params: to(2)})
		if _, err := site.Act(again); fault.Of(err).Code != fault.MigrationInProgress {
			t.Errorf("while it migrates: %v", err)
		}
		site.UntilStatus(id, time.Minute, model.StatusUp)
		site.Do("stop", id, nil)
		if _, err := site.Act(again); fault.Of(err).Code != fault.VMNotRunning {
			t.Errorf("when it is down: %v", err)
		}
	})
}

// TestMigrateEncrypted: a VM that is to migrate encrypted goes to no host where it could
// not; the refusal names the host and why.
func TestMigrateEncrypted(t *testing.T) {
	migrating(t, 2, func(t *testing.T, site *sitetest.Site, id model.ID) {
		_, err := site.Act(&engine.Call{On: model.KindVM, Name: "migrate", Target: id})
		if fault.Of(err).Code != fault.AllHostsFiltered {
			t.Errorf("%v", err)
		}
		stayed(t, site, id, model.StatusUp)
	}, func(vm *model.VM) { vm.Migration.Encrypted = "true" })
}

// TestMigrationLimits: a host sends so many at once and takes so many, each counted for
// itself.
func TestMigrationLimits(t *testing.T) {
	for name, limits := range map[string]struct{ out, in, going string }{
		"out": {"1", "9", "1"}, "in": {"9", "1", "1"}, "neither": {"9", "9", "3"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				site := sitetest.New(t, sitetest.Options{Hosts: machines(2), Overrides: map[string]string{
					"MaxConcurrentOutgoingMigrations": limits.out, "MaxConcurrentIncomingMigrations": limits.in,
				}})
				site.Connected()
				// They start while the other host is not there.
				site.World.Machine(sitetest.Host(2)).Disappear()
				site.Pass(time.Minute)
				all := []model.ID{site.Reach("a", model.StatusUp), site.Reach("b", model.StatusUp), site.Reach("c", model.StatusUp)}
				site.World.Machine(sitetest.Host(2)).Answer()
				site.Connected()
				for _, id := range all {
					site.Begin(&engine.Call{On: model.KindVM, Name: "migrate", Target: id})
				}
				site.Pass(time.Second)
				going := 0
				for _, id := range all {
					if site.World.Moving(id) {
						going++
					}
				}
				if want := int(limits.going[0] - '0'); going != want {
					t.Errorf("%d migrate at once, want %d", going, want)
				}
				for _, id := range all {
					site.UntilStatus(id, 5*time.Minute, model.StatusUp)
				}
			})
		})
	}
}

// TestMigrateAwayFromADeadDestination: when the chosen destination falls silent, another
// is tried at once; it is freed of what was left there when it is heard of again.
func TestMigrateAwayFromADeadDestination(t *testing.T) {
	migrating(t, 3, func(t *testing.T, site *sitetest.Site, id model.ID) {
		since := site.LastEvent()
		site.Begin(&engine.Call{On: model.KindVM, Name: "migrate", Target: id})
		site.Pass(time.Second)
		dead := site.VM(id).Run.Migration.To
		on, _ := site.Inventory.Hosts.Get(dead)
		site.World.Machine(on.Address).Disappear()
		site.UntilStatus(id, time.Minute, model.StatusUp)
		if at := site.VM(id).Run.Host; at == dead || at == sitetest.HostID(1) {
			t.Errorf("it is on %s", at)
		}
		if events := site.Events(id, since); !slices.Equal(events, []int{62, 128, 63}) {
			t.Errorf("events %v", events)
		}
		site.World.Machine(on.Address).Answer()
		site.Connected()
		site.Until(5*time.Minute, "nothing is left", func() bool {
			machine := site.World.Machine(on.Address)
			return len(machine.Guests()) == 0 && len(machine.Seeded()) == 0
		})
	})
}

// TestEngineDiesOnTheWayElsewhere: an engine that comes after knows of the destination
// that was left, and frees it.
func TestEngineDiesOnTheWayElsewhere(t *testing.T) {
	migrating(t, 3, func(t *testing.T, site *sitetest.Site, id model.ID) {
		site.Begin(&engine.Call{On: model.KindVM, Name: "migrate", Target: id})
		site.Pass(time.Second)
		left := site.VM(id).Run.Migration.To
		on, _ := site.Inventory.Hosts.Get(left)
		died := make(chan struct{})
		site.Inventory.Follow(func(_ model.Ref, object model.Object) {
			vm, ok := object.(*model.VM)
			if !ok || vm.Run.Migration == nil || vm.Run.Migration.To == left {
				return
			}
			select {
			case <-died:
			default: // nothing is written after this any more
				_ = site.Store.Close()
				close(died)
			}
		})
		machine := site.World.Machine(on.Address)
		machine.Disappear()
		<-died
		site.Kill()
		site.Start()
		site.UntilStatus(id, time.Minute, model.StatusUp)
		if at := site.VM(id).Run.Host; at == left || at == sitetest.HostID(1) {
			t.Errorf("it is on %s", at)
		}
		machine.Answer()
		site.Connected()
		site.Until(5*time.Minute, "nothing is left", func() bool { return len(machine.Guests()) == 0 && len(machine.Seeded()) == 0 })
	})
}
