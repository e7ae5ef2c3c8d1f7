package vms_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// hosts are so many machines.
func machines(count int) []fake.MachineSpec {
	var specs []fake.MachineSpec
	for i := range count {
		specs = append(specs, fake.MachineSpec{Address: sitetest.Host(i + 1)})
	}
	return specs
}

// migrating runs a test on a VM that is up on the first of so many hosts and has a seed.
func migrating(t *testing.T, count int, test func(t *testing.T, site *sitetest.Site, id model.ID), edits ...func(*model.VM)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		site := sitetest.New(t, sitetest.Options{Hosts: machines(count)})
		site.Connected()
		seeded := func(vm *model.VM) { vm.Payloads = []model.Payload{{Type: model.PayloadFloppy}} }
		id := site.Reach("vm", model.StatusUp, append([]func(*model.VM){seeded}, edits...)...)
		site.Pass(time.Hour)
		test(t, site, id)
		site.Whole(time.Minute)
		site.Tidy(time.Minute)
	})
}

func to(number int) *vms.MigrateParams { return &vms.MigrateParams{Host: sitetest.HostID(number)} }

// stayed checks that nothing has changed, and that no other host has anything of the VM.
func stayed(t *testing.T, site *sitetest.Site, id model.ID, status model.Status) {
	t.Helper()
	vm := site.VM(id)
	if vm.Run.Status != status || vm.Run.Host != sitetest.HostID(1) || vm.Run.Migration != nil {
		t.Errorf("it is %s on %s, migration %+v", vm.Run.Status, vm.Run.Host, vm.Run.Migration)
	}
	for _, on := range site.Inventory.Hosts.All() {
		if on.ID == sitetest.HostID(1) {
			continue
		}
		if machine := site.World.Machine(on.Address); len(machine.Guests()) > 0 || len(machine.Seeded()) > 0 {
			t.Errorf("%s has %v and seeds of %v", on.Name, machine.Guests(), machine.Seeded())
		}
	}
}

// arrived checks that a VM is on a host, and that its source keeps nothing.
func arrived(t *testing.T, site *sitetest.Site, id model.ID, status model.Status, on int) {
	t.Helper()
	vm := site.VM(id)
	if vm.Run.Status != status || vm.Run.Host != sitetest.HostID(on) || vm.Run.Migration != nil {
		t.Errorf("it is %s on %s, migration %+v", vm.Run.Status, vm.Run.Host, vm.Run.Migration)
	}
	guests := site.World.Machine(sitetest.Host(on)).Guests()
	if len(guests) != 1 || vm.Run.Console != guests[0].Console || vm.Run.Console.Port == 0 {
		t.Errorf("there are %v, and the display is at %v", guests, vm.Run.Console)
	}
	source := site.World.Machine(sitetest.Host(1))
	if len(source.Guests()) > 0 || len(source.Seeded()) > 0 {
		t.Errorf("the source keeps %v and seeds of %v", source.Guests(), source.Seeded())
	}
}

func TestMigrate(t *testing.T) {
	migrating(t, 3, func(t *testing.T, site *sitetest.Site, id model.ID) {
		since := site.LastEvent()
		// Without being asked to wait the answer comes when it has begun.
		result, err := site.Act(&engine.Call{On: model.KindVM, Name: "migrate", Target: id, Params: to(2)})
		if err != nil || result.Pending || site.Status(id) != model.StatusMigrating {
			t.Fatalf("%+v, %v; it is %s", result, err, site.Status(id))
		}
		if result.Job.Description != "Migrating VM vm to Host h2" {
			t.Errorf("the job is called %q", result.Job.Description)
		}
		if site.VM(id).Run.Host != sitetest.HostID(1) {
			t.Error("it left before it had arrived")
		}
		site.UntilStatus(id, time.Minute, model.StatusUp)
		arrived(t, site, id, model.StatusUp, 2)
		if uptime := site.Machine(id).Uptime("vm"); uptime < time.Hour {
			t.Errorf("it has been up for %v", uptime)
		}
		site.Pass(time.Minute)
		if events := site.Events(id, since); !slices.Equal(events, []int{62, 63}) {
			t.Errorf("events %v", events)
		}
		if len(site.Machine(id).Seeds(id)) != 1 {
			t.Error("its seed has not come along")
		}
		site.Do("migrate", id, to(3))
		site.Do("migrate", id, to(1))
		if len(site.World.Machine(sitetest.Host(1)).Seeds(id)) != 1 {
			t.Error("its seed has not come back")
		}
		site.Do("stop", id, nil)
	})
}

// TestMigratePaused: a paused guest arrives paused, and nobody is told that it was.
func TestMigratePaused(t *testing.T) {
	migrating(t, 2, func(t *testing.T, site *sitetest.Site, id model.ID) {
		site.Machine(id).PauseGuest("vm")
		site.UntilStatus(id, time.Minute, model.StatusPaused)
		since := site.LastEvent()
		site.Do("migrate", id, nil)
		site.Pass(time.Minute)
		arrived(t, site, id, model.StatusPaused, 2)
		if events := site.Events(id, since); !slices.Equal(events, []int{62, 63}) {
			t.Errorf("events %v", events)
		}
		site.Do("start", id, nil)
	})
}

// TestMigrateRefused: the documented refusals, none of which changes anything.
func TestMigrateRefused(t *testing.T) {
	const elsewhere = model.ID("00000001-0001-0001-0001-000000000002")
	for name, test := range map[string]struct {
		params *vms.MigrateParams
		change func(*testing.T, *sitetest.Site, model.ID)
		vm     func(*model.VM)
		text   string
		kind   fault.Kind
	}{
		"the same host":  {params: to(1), text: "Cannot migrate VM. source and destination is the same.", kind: fault.Conflict},
		"no such host":   {params: to(7), text: "Cannot migrate VM. Invalid Host Id.", kind: fault.BadRequest},
		"pinned":         {params: to(2), vm: affinity(model.AffinityPinned), text: "Cannot migrate VM. VM is pinned to Host.", kind: fault.Conflict},
		"pinned, forced": {params: &vms.MigrateParams{Force: true}, vm: affinity(model.AffinityPinned), text: "Cannot migrate VM. VM is pinned to Host.", kind: fault.Conflict},
		"by users only": {
			vm:   affinity(model.AffinityUserMigratable),
			text: "Cannot migrate VM. VM is non migratable and user did not specify the force-migration flag", kind: fault.Conflict,
		},
		"a host that is not up": {
			params: to(2), change: func(_ *testing.T, site *sitetest.Site, _ model.ID) {
				site.World.Machine(sitetest.Host(2)).Disappear()
				site.Pass(10 * time.Second)
			},
			text: "Cannot migrate VM. Operation can be performed only when Host status is Up.", kind: fault.Conflict,
		},
		"paused by an I/O error": {
			change: func(_ *testing.T, site *sitetest.Site, id model.ID) {
				site.Machine(id).IOError("vm", host.PauseIO, "/disk")
				site.UntilStatus(id, time.Minute, model.StatusPaused)
			},
			text: "Cannot migrate VM. Migrating a VM in paused status due to I/O error is not supported.", kind: fault.BadRequest,
		},
		"no room": {
			vm: func(vm *model.VM) { vm.Memory = 40 << 30 },
			change: func(_ *testing.T, site *sitetest.Site, _ model.ID) {
				site.Do("start", site.Add("other", func(vm *model.VM) { vm.Memory = 40 << 30 }), nil)
			},
			params: to(2), text: "Memory because its available memory is too low", kind: fault.Conflict,
		},
		"another cluster that is not there": {
			params: &vms.MigrateParams{Cluster: elsewhere}, text: "Entity not found: Cluster: id=" + string(elsewhere), kind: fault.NotFound,
		},
	} {
		t.Run(name, func(t *testing.T) {
			var edits []func(*model.VM)
			if test.vm != nil {
				edits = append(edits, test.vm)
			}
			migrating(t, 2, func(t *testing.T, site *sitetest.Site, id model.ID) {
				if test.change != nil {
					test.change(t, site, id)
				}
				before, since := site.Status(id), site.LastEvent()
				call := &engine.Call{On: model.KindVM, Name: "migrate", Target: id}
				if test.params != nil {
					call.Params = test.params
				}
				_, err := site.Act(call)
				refusal := fault.Of(err)
				if err == nil || !strings.Contains(refusal.Message(), test.text) || refusal.Kind != test.kind {
					t.Errorf("%s: %v, want %s: %s", refusal.Kind, err, test.kind, test.text)
				}
				if vm := site.VM(id); vm.Run.Status != before || vm.Run.Migration != nil || len(site.Events(id, since)) > 0 {
					t.Errorf("it is %s, migration %+v, events %v", vm.Run.Status, vm.Run.Migration, site.Events(id, since))
				}
				site.World.Machine(sitetest.Host(2)).Answer()
				site.Connected()
				if site.Status(id) == model.StatusPaused {
					site.Do("stop", id, nil)
				}
			}, edits...)
		})
	}
}

func affinity(to model.VMAffinity) func(*model.VM) {
	return func(vm *model.VM) { vm.Placement.Affinity = to }
}

// TestMigrateForced: whoever says so may.
func TestMigrateForced(t *testing.T) {
	migrating(t, 2, func(t *testing.T, site *sitetest.Site, id model.ID) {
		site.Do("migrate", id, &vms.MigrateParams{Force: true})
		arrived(t, site, id, model.StatusUp, 2)
	}, affinity(model.AffinityUserMigratable))
}

// TestMigrateElsewhere: another host is tried when the engine has chosen the one that
// refuses, and none when it was named.
func TestMigrateElsewhere(t *testing.T) {
	for _, refused := range []string{"Receive", "BeginMigration"} {
		t.Run(refused, func(t *testing.T) {
			migrating(t, 3, func(t *testing.T, site *sitetest.Site, id model.ID) {
				site.World.Fail(fake.Rule{Call: refused, Nth: 1, Error: fake.Refuse(host.RefusedResource, "no memory")})
				since := site.LastEvent()
				site.Do("migrate", id, nil)
				arrived(t, site, id, model.StatusUp, 3)
				if events := site.Events(id, since); !slices.Equal(events, []int{62, 128, 63}) {
					t.Errorf("events %v", events)
				}
				if len(site.World.Machine(sitetest.Host(2)).Seeded()) > 0 {
					t.Error("the first destination keeps seeds")
				}
			})
			migrating(t, 3, func(t *testing.T, site *sitetest.Site, id model.ID) {
				site.World.Fail(fake.Rule{Call: refused, Nth: 1, Error: fake.Refuse(host.RefusedResource, "no memory")})
				since := site.LastEvent()
				_, err := site.Act(&engine.Call{On: model.KindVM, Name: "migrate", Target: id, Params: to(2), Async: new(false)})
				if fault.Of(err).Code != fault.HostFailed {
					t.Errorf("%v", err)
				}
				stayed(t, site, id, model.StatusUp)
				if events := site.Events(id, since); !slices.Equal(events, []int{62, 65}) {
					t.Errorf("events %v", events)
				}
			})
		})
	}
}

// TestMigrateCounts: a VM on its way counts on both hosts.
func TestMigrateCounts(t *testing.T) {
	migrating(t, 2, func(t *testing.T, site *sitetest.Site, id model.ID) {
		site.Begin(&engine.Call{On: model.KindVM, Name: "migrate", Target: id})
		_, err := site.Act(&engine.Call{
			On: model.KindVM, Name: "start", Target: site.Add("other", func(vm *model.VM) { vm.Memory = 40 << 30 }), Async: new(false),
		})
		if fault.Of(err).Code != fault.AllHostsFiltered {
			t.Errorf("%v", err)
		}
		site.UntilStatus(id, 30*time.Minute, model.StatusUp)
	}, func(vm *model.VM) { vm.Memory = 40 << 30 })
}

// TestMigrationsWait: more than a few at once wait for their turn, in order.
func TestMigrationsWait(t *testing.T) {
	migrating(t, 2, func(t *testing.T, site *sitetest.Site, first model.ID) {
		site.World.Machine(sitetest.Host(2)).Disappear()
		site.Pass(time.Minute)
		all := []model.ID{first}
		for _, name := range []string{"b", "c", "d"} {
			all = append(all, site.Reach(name, model.StatusUp))
		}
		site.World.Machine(sitetest.Host(2)).Answer()
		site.Connected()
		for _, id := range all {
			site.Begin(&engine.Call{On: model.KindVM, Name: "migrate", Target: id})
			site.Pass(time.Millisecond)
		}
		going := func() (count int) {
			for _, id := range all {
				if site.World.Moving(id) {
					count++
				}
			}
			return count
		}
		site.Pass(time.Second)
		if going() != 2 || !site.World.Moving(all[0]) || !site.World.Moving(all[1]) {
			t.Errorf("%d migrate at once", going())
		}
		for _, id := range all {
			if site.Status(id) != model.StatusMigrating {
				t.Errorf("one is %s", site.Status(id))
			}
		}
		for _, id := range all {
			site.UntilStatus(id, time.Minute, model.StatusUp)
			if going() > 2 {
				t.Errorf("%d migrate at once", going())
			}
		}
	})
}

// TestMigrateFrozen: file systems that are frozen are thawed first.
func TestMigrateFrozen(t *testing.T) {
	migrating(t, 2, func(t *testing.T, site *sitetest.Site, id model.ID) {
		site.Do("freezefilesystems", id, nil)
		since := site.LastEvent()
		site.Do("migrate", id, nil)
		arrived(t, site, id, model.StatusUp, 2)
		if frozen := site.VM(id).Run.Frozen; !frozen.IsZero() {
			t.Errorf("it is frozen since %v", frozen)
		}
		if events := site.Events(id, since); !slices.Equal(events, []int{62, 10768, 63}) {
			t.Errorf("events %v", events)
		}
	})
}

// TestMigrateToAnotherCluster: the VM belongs there afterwards; a host of another cluster
// wants its cluster to be named.
func TestMigrateToAnotherCluster(t *testing.T) {
	const elsewhere = model.ID("00000001-0001-0001-0001-000000000002")
	migrating(t, 3, func(t *testing.T, site *sitetest.Site, id model.ID) {
		site.Edit(func(tx *inventory.Tx) {
			here, _ := tx.Clusters.Get(sitetest.Cluster)
			there := model.Clone(here)
			there.ID, there.Name = elsewhere, "elsewhere"
			tx.Clusters.Put(there)
			on, _ := tx.Hosts.Edit(sitetest.HostID(2))
			on.Cluster = elsewhere
		})
		for code, params := range map[string]*vms.MigrateParams{
			fault.MigrationElsewhere:   to(2),
			fault.MigrationClusterHost: {Host: sitetest.HostID(3), Cluster: elsewhere},
		} {
			_, err := site.Act(&engine.Call{On: model.KindVM, Name: "migrate", Target: id, Params: params})
			if fault.Of(err).Code != code {
				t.Errorf("%v, want %s", err, code)
			}
		}
		site.Do("migrate", id, &vms.MigrateParams{Cluster: elsewhere})
		arrived(t, site, id, model.StatusUp, 2)
		if cluster := site.VM(id).Cluster; cluster != elsewhere {
			t.Errorf("it is in cluster %s", cluster)
		}
	})
}

// TestMigrateFromAHostThatIsEmptied: that is what it is emptied by.
func TestMigrateFromAHostThatIsEmptied(t *testing.T) {
	migrating(t, 2, func(t *testing.T, site *sitetest.Site, id model.ID) {
		site.Edit(func(tx *inventory.Tx) {
			on, _ := tx.Hosts.Edit(sitetest.HostID(1))
			on.Status = model.HostPreparingForMaintenance
		})
		site.Do("migrate", id, nil)
		arrived(t, site, id, model.StatusUp, 2)
		site.Until(time.Minute, "the host is empty", func() bool {
			on, _ := site.Inventory.Hosts.Get(sitetest.HostID(1))
			return on.Status == model.HostMaintenance
		})
		site.Edit(func(tx *inventory.Tx) {
			on, _ := tx.Hosts.Edit(sitetest.HostID(1))
			on.Status = model.HostUnassigned
		})
		site.Connected()
	})
}
