package vms_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// inCluster changes how VMs of the cluster migrate.
func inCluster(site *sitetest.Site, options model.MigrationOptions) {
	site.Edit(func(tx *inventory.Tx) {
		cluster, _ := tx.Clusters.Edit(sitetest.Cluster)
		cluster.Migration = options
	})
}

// inPostCopy runs a test on a busy guest whose migration to the second host is being
// ended in post-copy.
func inPostCopy(t *testing.T, test func(t *testing.T, site *sitetest.Site, id model.ID, migration *engine.Result), edits ...func(*model.VM)) {
	t.Helper()
	migrating(t, 2, func(t *testing.T, site *sitetest.Site, id model.ID) {
		inCluster(site, model.MigrationOptions{Policy: model.MigrationPostCopy})
		site.World.Behave("vm", dirty)
		migration := site.Begin(&engine.Call{On: model.KindVM, Name: "migrate", Target: id})
		site.Until(time.Minute, "it goes on at its destination", func() bool {
			vm := site.VM(id)
			return vm.Run.Migration != nil && vm.Run.Migration.PostCopy
		})
		synctest.Wait()
		test(t, site, id, migration)
	}, append([]func(*model.VM){busy}, edits...)...)
}

func TestPostCopy(t *testing.T) {
	inPostCopy(t, func(t *testing.T, site *sitetest.Site, id model.ID, _ *engine.Result) {
		if _, err := site.Act(cancelling(id)); fault.Of(err).Code != fault.CancelInPostCopy {
			t.Errorf("a cancellation: %v", err)
		}
		site.UntilStatus(id, time.Minute, model.StatusUp)
		synctest.Wait()
		arrived(t, site, id, model.StatusUp, 2)
		if events := site.Events(id, 0); !slices.Equal(events[len(events)-3:], []int{62, 20490, 63}) {
			t.Errorf("events %v", events)
		}
	})
}

// TestPostCopyBreaks: the guest stands still until the hosts are connected again.
func TestPostCopyBreaks(t *testing.T) {
	for _, dies := range []bool{false, true} {
		inPostCopy(t, func(t *testing.T, site *sitetest.Site, id model.ID, _ *engine.Result) {
			if dies {
				site.Kill()
			}
			site.World.Machine(sitetest.Host(2)).Disappear()
			site.World.BreakMigration(id)
			if dies {
				site.Start()
			}
			site.Pass(time.Minute)
			if status := site.Status(id); status != model.StatusMigrating && status != model.StatusUnknown {
				t.Errorf("it is %s", status)
			}
			site.World.Machine(sitetest.Host(2)).Answer()
			site.Connected()
			site.UntilStatus(id, 2*time.Minute, model.StatusUp)
			synctest.Wait()
			arrived(t, site, id, model.StatusUp, 2)
			if events := site.Events(id, 0); !slices.Contains(events, 20491) || slices.Contains(events, 119) {
				t.Errorf("events %v", events)
			}
		})
	}
}

// TestPostCopyIsLost: a guest that has lost a half of its memory has ended, and is started
// again where it is to be highly available.
func TestPostCopyIsLost(t *testing.T) {
	for _, available := range []bool{false, true} {
		inPostCopy(t, func(t *testing.T, site *sitetest.Site, id model.ID, migration *engine.Result) {
			site.World.Machine(sitetest.Host(2)).Restart("")
			site.Connected()
			ended, err := site.Engine.Wait(t.Context(), migration.Job.ID)
			if err != nil || ended.Fault == nil || ended.Fault.Code != fault.MigrationLost {
				t.Errorf("the migration ended with %+v, %v", ended.Fault, err)
			}
			want := model.StatusDown
			if available {
				want = model.StatusUp
			}
			site.UntilStatus(id, 5*time.Minute, want)
			site.Pass(time.Minute)
			if events := site.Events(id, 0); !slices.Contains(events, 119) || slices.Contains(events, 120) {
				t.Errorf("events %v", events)
			}
			if running := site.World.Running(id); available != (len(running) == 1) {
				t.Errorf("it runs on %v", running)
			}
		}, func(vm *model.VM) { vm.HA.Enabled = available })
	}
}

// TestStopInPostCopy: a guest that is broken in two is ended on both hosts.
func TestStopInPostCopy(t *testing.T) {
	for name, silent := range map[string]bool{"both answer": false, "the destination is silent": true} {
		t.Run(name, func(t *testing.T) {
			inPostCopy(t, func(t *testing.T, site *sitetest.Site, id model.ID, _ *engine.Result) {
				there := site.World.Machine(sitetest.Host(2))
				if silent {
					there.Disappear()
				}
				site.World.BreakMigration(id)
				site.Pass(10 * time.Second)
				site.Do("stop", id, nil)
				if site.Status(id) != model.StatusDown {
					t.Errorf("it is %s", site.Status(id))
				}
				there.Answer()
				site.Connected()
				site.Until(5*time.Minute, "nothing is left", func() bool {
					return len(there.Guests()) == 0 && len(site.World.Machine(sitetest.Host(1)).Guests()) == 0
				})
			})
		})
	}
}

// TestPolicies: how long a busy guest may stand still.
func TestPolicies(t *testing.T) {
	for name, test := range map[string]struct {
		cluster, vm model.MigrationOptions
		downtime    int
		// ends says with what; empty is success.
		ends string
	}{
		"nothing is said": {ends: ""},
		"not for longer":  {cluster: model.MigrationOptions{Policy: model.MigrationMinimal}, vm: model.MigrationOptions{AutoConverge: "false"}, ends: fault.MigrationStuck},
		"slowed down":     {cluster: model.MigrationOptions{Policy: model.MigrationMinimal}},
		"for longer": {
			cluster: model.MigrationOptions{Policy: model.MigrationMinimal, AutoConverge: "false"}, vm: model.MigrationOptions{Policy: model.MigrationSuspend},
		},
		"the VM's own limit": {cluster: model.MigrationOptions{Policy: model.MigrationSuspend, AutoConverge: "false"}, downtime: 100, ends: fault.MigrationStuck},
		"tunnelled":          {cluster: model.MigrationOptions{Policy: model.MigrationPostCopy, AutoConverge: "false"}},
	} {
		t.Run(name, func(t *testing.T) {
			migrating(t, 2, func(t *testing.T, site *sitetest.Site, id model.ID) {
				inCluster(site, test.cluster)
				site.World.Behave("vm", dirty)
				result := site.Begin(&engine.Call{On: model.KindVM, Name: "migrate", Target: id})
				ended, err := site.Engine.Wait(t.Context(), result.Job.ID)
				code := ""
				if ended.Fault != nil {
					code = ended.Fault.Code
				}
				if err != nil || code != test.ends {
					t.Errorf("it ended with %q, %v", code, err)
				}
				if slices.Contains(site.Events(id, 0), 20490) {
					t.Error("it was ended in post-copy")
				}
			}, func(vm *model.VM) {
				vm.Migration, vm.TunnelMigration = test.vm, name == "tunnelled"
				if test.downtime > 0 {
					vm.MigrationDowntime = test.downtime
				}
			})
		})
	}
}
