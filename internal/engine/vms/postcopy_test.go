package vms_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/fencing"
	"vireo/internal/engine/sitetest"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/host/fake"
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

// toPostCopy runs a test on a busy guest whose migration to the second of three hosts is
// about to be ended in post-copy, as far as the rules let it.
func toPostCopy(t *testing.T, test func(t *testing.T, site *sitetest.Site, id model.ID, migration *engine.Result), rule *fake.Rule, edits ...func(*model.VM)) {
	t.Helper()
	migrating(t, 3, func(t *testing.T, site *sitetest.Site, id model.ID) {
		inCluster(site, model.MigrationOptions{Policy: model.MigrationPostCopy})
		site.World.Behave("vm", dirty)
		if rule != nil {
			site.World.Fail(*rule)
		}
		migration := site.Begin(&engine.Call{On: model.KindVM, Name: "migrate", Target: id, Params: to(2)})
		site.Until(time.Minute, "it is to go on at its destination", func() bool {
			vm := site.VM(id)
			return vm.Run.Migration != nil && vm.Run.Migration.PostCopy
		})
		synctest.Wait()
		test(t, site, id, migration)
	}, append([]func(*model.VM){busy}, edits...)...)
}

// inPostCopy runs a test on a guest that is on the first two of three hosts.
func inPostCopy(t *testing.T, test func(t *testing.T, site *sitetest.Site, id model.ID, migration *engine.Result), edits ...func(*model.VM)) {
	t.Helper()
	toPostCopy(t, test, nil, edits...)
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

// TestCancelledBeforePostCopy: once a cancellation has been accepted, or another command has
// interrupted the migration, it is not ended in post-copy any more.
func TestCancelledBeforePostCopy(t *testing.T) {
	for name, held := range map[string]bool{"being cancelled": true, "interrupted": false} {
		t.Run(name, func(t *testing.T) {
			migrating(t, 3, func(t *testing.T, site *sitetest.Site, id model.ID) {
				inCluster(site, model.MigrationOptions{Policy: model.MigrationPostCopy})
				site.World.Behave("vm", dirty)
				migration := site.Begin(&engine.Call{On: model.KindVM, Name: "migrate", Target: id, Params: to(2)})
				site.Pass(2 * time.Second)
				// It is written down, and the migration has not heard it yet.
				site.Edit(func(tx *inventory.Tx) {
					if held {
						tx.PutJob(&model.Job{ID: "cancel", Status: model.JobStarted, Locks: []model.Ref{{Kind: model.KindMigration, ID: id}}})
						return
					}
					job, _ := tx.Job(migration.Job.ID)
					marked := model.Clone(job)
					marked.Interrupted = true
					tx.PutJob(marked)
				})
				site.UntilStatus(id, 10*time.Minute, model.StatusUp)
				if events := site.Events(id, 0); slices.Contains(events, 20490) {
					t.Errorf("events %v", events)
				}
				site.Edit(func(tx *inventory.Tx) {
					if held {
						tx.PutJob(&model.Job{ID: "cancel", Status: model.JobFinished})
					}
				})
			}, busy)
		})
	}
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

// TestBrokenAndForbidden: what a migration may not be like any more is no reason to end a
// guest that is broken in two.
func TestBrokenAndForbidden(t *testing.T) {
	inPostCopy(t, func(t *testing.T, site *sitetest.Site, id model.ID, _ *engine.Result) {
		there := site.World.Machine(sitetest.Host(2))
		there.Disappear()
		site.World.BreakMigration(id)
		site.Pass(10 * time.Second)
		inCluster(site, model.MigrationOptions{Policy: model.MigrationPostCopy, Encrypted: "true"})
		there.Answer()
		site.Pass(10 * time.Minute)
		if status := site.Status(id); status != model.StatusMigrating {
			t.Errorf("it is %s", status)
		}
		inCluster(site, model.MigrationOptions{Policy: model.MigrationPostCopy})
		site.UntilStatus(id, time.Minute, model.StatusUp)
		synctest.Wait()
		arrived(t, site, id, model.StatusUp, 2)
	})
}

// TestPostCopyIsLost: a guest that has lost a half of its memory has ended, and is started
// again where it is to be highly available.
func TestPostCopyIsLost(t *testing.T) {
	for _, again := range []bool{false, true} {
		inPostCopy(t, func(t *testing.T, site *sitetest.Site, id model.ID, migration *engine.Result) {
			site.World.Machine(sitetest.Host(2)).Restart("")
			site.Connected()
			ended, err := site.Engine.Wait(t.Context(), migration.Job.ID)
			if err != nil || ended.Fault == nil || ended.Fault.Code != fault.MigrationLost {
				t.Errorf("the migration ended with %+v, %v", ended.Fault, err)
			}
			want := model.StatusDown
			if again {
				want = model.StatusUp
			}
			site.UntilStatus(id, 5*time.Minute, want)
			site.Pass(time.Minute)
			if events := site.Events(id, 0); !slices.Contains(events, 119) || slices.Contains(events, 120) {
				t.Errorf("events %v", events)
			}
			if running := site.World.Running(id); again != (len(running) == 1) {
				t.Errorf("it runs on %v", running)
			}
		}, func(vm *model.VM) { vm.HA.Enabled = again })
	}
}

// TestEndedHalfIsKept: a half that has ended and that its host does not forget holds up
// nobody.
func TestEndedHalfIsKept(t *testing.T) {
	inPostCopy(t, func(t *testing.T, site *sitetest.Site, id model.ID, _ *engine.Result) {
		free := site.World.Fail(fake.Rule{Host: sitetest.Host(2), Call: "Forget", Error: fake.Refuse(host.RefusedResource, "libvirt is at other work on the guest")})
		site.World.Fail(fake.Rule{Call: "ResumeMigration", Error: fake.Refuse(host.RefusedOther, "no route to host")})
		site.World.BreakMigration(id)
		site.Pass(10 * time.Second)
		site.Do("stop", id, nil)
		site.UntilStatus(id, 10*time.Second, model.StatusDown)
		if events := site.Events(id, 0); slices.Contains(events, 20492) {
			t.Errorf("events %v", events)
		}
		free()
	})
}

// available is a VM that is to be highly available.
func available(vm *model.VM) { vm.HA.Enabled = true }

// TestStopInPostCopy: a guest that is broken in two is ended on both hosts, and stays
// down.
func TestStopInPostCopy(t *testing.T) {
	inPostCopy(t, func(t *testing.T, site *sitetest.Site, id model.ID, _ *engine.Result) {
		site.World.Fail(fake.Rule{Call: "ResumeMigration", Error: fake.Refuse(host.RefusedOther, "no route to host")})
		site.World.BreakMigration(id)
		site.Pass(10 * time.Second)
		site.Do("stop", id, nil)
		site.Pass(10 * time.Minute)
		if site.Status(id) != model.StatusDown || len(site.World.Running(id)) > 0 {
			t.Errorf("it is %s and runs on %v", site.Status(id), site.World.Running(id))
		}
		for number := range 3 {
			if guests := site.World.Machine(sitetest.Host(number + 1)).Guests(); len(guests) > 0 {
				t.Errorf("host %d has %v", number+1, guests)
			}
		}
	}, available)
}

// TestStopWithASilentHalf: a half that runs on where nobody can end it keeps the VM from
// being down, whoever wants it, until its host answers or is known to have ended.
func TestStopWithASilentHalf(t *testing.T) {
	for name, come := range map[string]func(t *testing.T, site *sitetest.Site, id model.ID, there *fake.Machine){
		"it answers": func(_ *testing.T, _ *sitetest.Site, _ model.ID, there *fake.Machine) { there.Answer() },
		"they find each other": func(_ *testing.T, site *sitetest.Site, id model.ID, there *fake.Machine) {
			there.Answer()
			site.World.MendMigration(id, 1<<20)
		},
		"it restarts": func(_ *testing.T, _ *sitetest.Site, _ model.ID, there *fake.Machine) { there.Restart("") },
		"it is off": func(t *testing.T, site *sitetest.Site, _ model.ID, there *fake.Machine) {
			there.Crash()
			confirm(t, site)
		},
		"so they think": func(t *testing.T, site *sitetest.Site, _ model.ID, _ *fake.Machine) { confirm(t, site) },
	} {
		t.Run(name, func(t *testing.T) {
			inPostCopy(t, func(t *testing.T, site *sitetest.Site, id model.ID, _ *engine.Result) {
				there := site.World.Machine(sitetest.Host(2))
				there.Disappear()
				site.World.BreakMigration(id)
				site.Pass(10 * time.Second)
				began := time.Now()
				_, err := site.Act(&engine.Call{On: model.KindVM, Name: "stop", Target: id, Async: new(false)})
				if fault.Of(err).Code != fault.ObjectLocked || time.Since(began) != site.Values.Duration("InterruptTimeout") {
					t.Errorf("the stop: %v after %v", err, time.Since(began))
				}
				site.Pass(10 * time.Minute)
				if _, err := site.Act(&engine.Call{On: model.KindVM, Name: "start", Target: id}); err == nil {
					t.Error("it was started a second time")
				}
				site.Pass(time.Minute)
				if status := site.Status(id); status != model.StatusMigrating && status != model.StatusUnknown {
					t.Errorf("it is %s", status)
				}
				told := slices.DeleteFunc(site.Events(id, 0), func(code int) bool { return code != 20492 })
				if len(told) != 1 {
					t.Errorf("it was told %d times what to do", len(told))
				}
				come(t, site, id, there)
				site.UntilStatus(id, 5*time.Minute, model.StatusDown)
				there.Restart("")
				site.Connected()
				site.Do("start", id, nil)
				site.Pass(time.Minute)
				if running := site.World.Running(id); len(running) != 1 {
					t.Errorf("it runs on %v", running)
				}
			}, available)
		})
	}
}

// confirm is an operator who says that the second host is off.
func confirm(t *testing.T, site *sitetest.Site) {
	t.Helper()
	_, err := site.Act(&engine.Call{
		On: model.KindHost, Name: "fence", Target: sitetest.HostID(2), Params: &fencing.Params{Type: model.FenceManual},
	})
	if err != nil {
		t.Error(err)
	}
}

// TestHalfIsNotEnded: the source has lost its half, and the destination falls silent when
// it is to end the other: the VM is not started again beside that.
func TestHalfIsNotEnded(t *testing.T) {
	inPostCopy(t, func(t *testing.T, site *sitetest.Site, id model.ID, _ *engine.Result) {
		there := site.World.Machine(sitetest.Host(2))
		site.World.Fail(fake.Rule{Host: sitetest.Host(2), Call: "Destroy", Nth: 1, Do: there.Disappear, Cut: true})
		site.World.Machine(sitetest.Host(1)).Restart("")
		site.Pass(20 * time.Minute)
		if status := site.Status(id); status != model.StatusMigrating && status != model.StatusUnknown {
			t.Errorf("it is %s and runs on %v", status, site.World.Running(id))
		}
		there.Answer()
		site.UntilStatus(id, 10*time.Minute, model.StatusUp)
		if running := site.World.Running(id); len(running) != 1 {
			t.Errorf("it runs on %v", running)
		}
	}, available)
}

// TestPostCopyIsAskedAgain: that it is to be ended so is written down before the source
// hears of it. What becomes of that is found out, also by another engine.
func TestPostCopyIsAskedAgain(t *testing.T) {
	for name, test := range map[string]struct {
		first fake.Rule
		dies  bool
		// refused says that the source will not in the end.
		refused bool
	}{
		"the engine dies":              {first: fake.Rule{Hang: true}, dies: true},
		"the engine dies, and refused": {first: fake.Rule{Hang: true}, dies: true, refused: true},
		"done, the engine dies":        {first: fake.Rule{Hang: true, After: true}, dies: true},
		"an error":                     {first: fake.Rule{Error: errors.New("internal error")}},
		"an error, then refused":       {first: fake.Rule{Error: errors.New("internal error")}, refused: true},
		"the connection is lost":       {first: fake.Rule{Cut: true}},
		"the source does not answer":   {first: fake.Rule{Hang: true}},
	} {
		t.Run(name, func(t *testing.T) {
			test.first.Call, test.first.Nth = "FinishMigration", 1
			toPostCopy(t, func(t *testing.T, site *sitetest.Site, id model.ID, migration *engine.Result) {
				if test.refused {
					site.World.Fail(fake.Rule{Call: "FinishMigration", Error: fake.Refuse(host.RefusedState, "not now")})
				}
				if test.dies {
					site.Kill()
					site.Start()
				}
				if !test.refused {
					site.UntilStatus(id, 2*time.Minute, model.StatusUp)
					synctest.Wait()
					arrived(t, site, id, model.StatusUp, 2)
					told := slices.DeleteFunc(site.Events(id, 0), func(code int) bool { return code != 20490 })
					// Where it was over before anybody heard, there is nothing to tell.
					if len(told) > 1 || len(told) == 0 && !test.first.After {
						t.Errorf("it was told %d times", len(told))
					}
					return
				}
				site.Until(time.Minute, "it goes on as before", func() bool { return !site.VM(id).Run.Migration.PostCopy })
				if _, err := site.Act(cancelling(id)); err != nil {
					t.Errorf("a cancellation: %v", err)
				}
				site.UntilStatus(id, time.Minute, model.StatusUp)
				stayed(t, site, id, model.StatusUp)
			}, &test.first)
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
