package fencing_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/vms"
	"vireo/internal/host/fake"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// leased has a highly available VM with a lease run on the first host, and the engine know
// who holds it; it may run anywhere then.
func leased(site *sitetest.Site) model.ID {
	id := site.Reach("vm", model.StatusUp, func(vm *model.VM) {
		vm.HA.Enabled, vm.Lease = true, sitetest.DataDomain
		vm.Placement.Hosts, vm.Placement.Affinity = []model.ID{sitetest.HostID(1)}, model.AffinityUserMigratable
	})
	noted(site, id)
	free(site, id)
	return id
}

func noted(site *sitetest.Site, id model.ID) {
	site.Until(time.Minute, "its holder to be known", func() bool {
		known := site.VM(id).Run.Lease
		return known != nil && known.Holder != nil
	})
}

func told(site *sitetest.Site, code audit.Code, id model.ID) bool {
	return slices.Contains(site.Events(id, 0), int(code))
}

func toldOfAll(site *sitetest.Site, code audit.Code) bool { return told(site, code, "") }

// lostLong is longer than any holder that has died is waited for.
const lostLong = fake.DeadAfter + 3*time.Minute

// TestLeaseDies: what becomes of a VM whose host falls silent, by what happens to the host.
func TestLeaseDies(t *testing.T) {
	for name, each := range map[string]struct {
		happen func(*sitetest.Site, *fake.Machine)
		again  bool
	}{
		"it dies": {func(_ *sitetest.Site, m *fake.Machine) { m.Crash() }, true},
		"it dies, and starts where nobody hears it": {func(_ *sitetest.Site, m *fake.Machine) {
			m.Crash()
			m.Restart("")
			m.Disappear()
		}, true},
		"it loses its leases while nobody hears it": {func(_ *sitetest.Site, m *fake.Machine) { m.Disappear(); m.LoseLeases() }, true},
		"it leaves the lockspace":                   {func(_ *sitetest.Site, m *fake.Machine) { m.Disappear(); m.LeaveLeases() }, true},
		"it is cut off":                             {func(_ *sitetest.Site, m *fake.Machine) { m.Disappear() }, false},
		"it is mute":                                {func(_ *sitetest.Site, m *fake.Machine) { m.Mute() }, false},
		"it was out of reach of its leases for a while": {func(site *sitetest.Site, m *fake.Machine) {
			m.Disappear()
			m.LoseLeases()
			site.Pass(fake.KillsAfter / 2)
			m.GainLeases()
		}, false},
		"its guest powers off": {func(_ *sitetest.Site, m *fake.Machine) { m.Disappear(); m.PowerOff("vm") }, false},
		"its guest is paused":  {func(_ *sitetest.Site, m *fake.Machine) { m.Disappear(); m.PauseGuest("vm") }, false},
		"its guest is started anew by hand": {func(site *sitetest.Site, m *fake.Machine) {
			m.Disappear()
			m.Kill("vm")
			m.StartGuest("vm")
			m.Crash()
		}, false},
		"paused and lost": {func(_ *sitetest.Site, m *fake.Machine) { m.Disappear(); m.PauseGuest("vm"); m.LoseLeases() }, false},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, site *sitetest.Site) {
				id := leased(site)
				plain := on1(site, "plain", true)
				free(site, plain)
				machine, begun := site.World.Machine(h1), time.Now()
				each.happen(site, machine)
				if each.again {
					site.Until(lostLong, "the VM to run again", func() bool {
						vm := site.VM(id)
						return vm.Run.Status == model.StatusUp && vm.Run.Host != sitetest.HostID(1)
					})
					t.Logf("it ran again %s after", time.Since(begun))
					if !told(site, audit.LeaseDied, id) {
						t.Error("it was not told that the lease has died")
					}
				} else {
					site.Pass(lostLong)
					if status := site.Status(id); status != model.StatusUnknown {
						t.Errorf("the VM with a lease is %s", status)
					}
				}
				if status := site.Status(plain); status != model.StatusUnknown {
					t.Errorf("the VM without a lease is %s", status)
				}
				if machine.Crashed() {
					machine.Restart("")
				}
				machine.Answer()
				machine.GainLeases()
				site.Until(5*time.Minute, "the host to be up", func() bool { return status(site, 1) == model.HostUp })
				site.Pass(time.Minute)
				if on := running(site, "vm"); each.again && len(on) != 1 || slices.Contains(on, h1) && each.again {
					t.Errorf("the guest runs on %v", on)
				}
				site.Whole(sitetest.Soon)
			})
		})
	}
}

// TestLeaseIsWatchedByOneEngine: what an engine before has seen counts for nothing.
func TestLeaseIsWatchedByOneEngine(t *testing.T) {
	inBubble(t, func(t *testing.T, site *sitetest.Site) {
		id := leased(site)
		site.World.Machine(h1).Crash()
		for range 3 {
			site.Pass(fake.DeadAfter - time.Minute)
			site.Kill()
			site.Start()
		}
		if status := site.Status(id); status != model.StatusUnknown {
			t.Errorf("it is %s", status)
		}
		site.Until(lostLong, "the VM to run again", func() bool { return site.Status(id) == model.StatusUp })
	})
}

// TestLeaseCannotBeRead: errors prove nothing, however long; what follows them does.
func TestLeaseCannotBeRead(t *testing.T) {
	inBubble(t, func(t *testing.T, site *sitetest.Site) {
		id := leased(site)
		site.World.HideLeases(true)
		site.World.Machine(h1).Crash()
		site.Pass(time.Hour)
		if status := site.Status(id); status != model.StatusUnknown {
			t.Errorf("it is %s", status)
		}
		site.World.HideLeases(false)
		site.Pass(fake.DeadAfter - 10*time.Second)
		if status := site.Status(id); status != model.StatusUnknown {
			t.Errorf("it is %s before it was watched for long enough", status)
		}
		site.Until(lostLong, "the VM to run again", func() bool { return site.Status(id) == model.StatusUp })
	})
}

// TestLeaseIsReadFromACopy: while nobody renews, it is not known whether what is read is
// what hosts write.
func TestLeaseIsReadFromACopy(t *testing.T) {
	inBubble(t, func(t *testing.T, site *sitetest.Site) {
		id := leased(site)
		site.World.Machine(h1).Disappear()
		site.UntilStatus(id, 2*time.Minute, model.StatusUnknown)
		site.Pass(time.Minute)
		site.World.CopyLeases(true)
		site.Pass(time.Hour)
		if status := site.Status(id); status != model.StatusUnknown {
			t.Errorf("it is %s", status)
		}
		site.World.CopyLeases(false)
		site.Pass(lostLong)
		if status := site.Status(id); status != model.StatusUnknown {
			t.Errorf("it is %s when the host is read to renew", status)
		}
		site.World.Machine(h1).Crash()
		site.Until(lostLong, "the VM to run again", func() bool { return site.Status(id) == model.StatusUp })
	})
}

// TestEngineDiesWhileItStarts: an engine that takes up a start, or a migration, knows by
// what was written before whether the lease is of this run.
func TestEngineDiesWhileItStarts(t *testing.T) {
	for _, at := range []struct {
		verb, step string
		worked     bool
	}{{"start", "boot", false}, {"start", "boot", true}, {"migrate", "move", false}, {"migrate", "move", true}} {
		t.Run(fmt.Sprintf("%s, %v", at.verb, at.worked), func(t *testing.T) {
			inBubble(t, func(t *testing.T, site *sitetest.Site) {
				id := leased(site)
				if at.verb == "start" {
					site.Do("stop", id, nil)
				}
				died := site.DieAt(func(point job.Point) bool { return point.Step == at.step && point.Worked == at.worked })
				site.Begin(&engine.Call{On: model.KindVM, Name: at.verb, Target: id})
				<-died
				site.Kill()
				site.AtPoints(nil)
				site.Start()
				site.UntilStatus(id, 5*time.Minute, model.StatusUp)
				noted(site, id)
				before := site.VM(id).Run
				if holder := before.Lease.Holder.Host; sitetest.HostID(int(holder)) != before.Host {
					t.Errorf("host %d is taken for the holder of a guest on %s", holder, before.Host)
				}
				site.Machine(id).Crash()
				site.Until(lostLong, "the VM to run elsewhere", func() bool {
					vm := site.VM(id)
					return vm.Run.Status == model.StatusUp && vm.Run.Host != before.Host
				})
			})
		})
	}
}

// TestNobodyHoldsTheLease: a host that runs guests without their leases proves nothing by
// them, and that is told while it can be mended.
func TestNobodyHoldsTheLease(t *testing.T) {
	inBubble(t, func(t *testing.T, site *sitetest.Site) {
		id := leased(site)
		site.Do("stop", id, nil)
		// Its last holder has died without giving it up.
		stale := site.World.Machine(h1)
		for _, machine := range []string{h1, h2, h3} {
			site.World.Machine(machine).IgnoreLeases()
		}
		site.Do("start", id, nil)
		site.UntilStatus(id, time.Minute, model.StatusUp)
		site.Until(5*time.Minute, "the warning", func() bool { return told(site, audit.LeaseNotHeld, id) })
		if known := site.VM(id).Run.Lease; known == nil || known.Holder != nil || !known.Told {
			t.Errorf("what is known is %+v", known)
		}
		on, _ := site.Inventory.Hosts.Get(site.VM(id).Run.Host)
		stale.LeaveLeases()
		site.World.Machine(on.Address).Disappear()
		site.Pass(lostLong)
		if status := site.Status(id); status != model.StatusUnknown {
			t.Errorf("it is %s", status)
		}
		site.World.Machine(on.Address).Answer()
		site.UntilStatus(id, 5*time.Minute, model.StatusUp)
	})
}

// TestStaleHolder: a lease that still names who died with an earlier run says nothing of the
// run that began since, on a host that leaves leases alone.
func TestStaleHolder(t *testing.T) {
	inBubble(t, func(t *testing.T, site *sitetest.Site) {
		id := leased(site)
		for _, machine := range []string{h2, h3} {
			site.World.Machine(machine).IgnoreLeases()
		}
		site.World.Machine(h1).Crash()
		site.Until(lostLong, "the VM to run again", func() bool { return site.Status(id) == model.StatusUp })
		site.Pass(5 * time.Minute)
		if known := site.VM(id).Run.Lease; known == nil || known.Holder != nil {
			t.Errorf("what is known is %+v", known)
		}
		on, _ := site.Inventory.Hosts.Get(site.VM(id).Run.Host)
		site.World.Machine(on.Address).Disappear()
		site.Pass(lostLong)
		if status := site.Status(id); status != model.StatusUnknown {
			t.Errorf("it is %s", status)
		}
	})
}

// TestLeaseMoves: after a migration it is the destination that counts.
func TestLeaseMoves(t *testing.T) {
	for name, none := range map[string]bool{"to a host that takes it": false, "to one that leaves it alone": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, site *sitetest.Site) {
				id := leased(site)
				if none {
					site.World.Machine(h2).IgnoreLeases()
				}
				site.Do("migrate", id, &vms.MigrateParams{Host: sitetest.HostID(2)})
				site.UntilStatus(id, time.Minute, model.StatusUp)
				site.Pass(time.Minute)
				site.World.Machine(h1).Crash()
				site.Pass(lostLong)
				if vm := site.VM(id); vm.Run.Status != model.StatusUp || vm.Run.Host != sitetest.HostID(2) {
					t.Fatalf("it is %s", vm.Run.Status)
				}
				site.World.Machine(h2).Crash()
				site.Pass(lostLong)
				vm := site.VM(id)
				if none && vm.Run.Status != model.StatusUnknown || !none && (vm.Run.Status != model.StatusUp || vm.Run.Host != sitetest.HostID(3)) {
					t.Errorf("it is %s on %s", vm.Run.Status, vm.Run.Host)
				}
			})
		})
	}
}

// TestMovedBeforeItsHolderIsKnown: nothing can be told from the lease of a guest whose first
// holder was never seen, and that is told.
func TestMovedBeforeItsHolderIsKnown(t *testing.T) {
	inBubble(t, func(t *testing.T, site *sitetest.Site) {
		id := leased(site)
		site.Edit(func(tx *inventory.Tx) {
			vm, _ := tx.VMs.Edit(id)
			vm.Run.Lease.Holder = nil
		})
		site.World.Fail(fake.Rule{Call: "Guest", Host: h1, Delay: time.Second})
		site.Do("migrate", id, &vms.MigrateParams{Host: sitetest.HostID(2)})
		site.Until(time.Minute, "it to be there", func() bool { return site.VM(id).Run.Host == sitetest.HostID(2) })
		if known := site.VM(id).Run.Lease; known != nil || !told(site, audit.LeaseNotHeld, id) {
			t.Errorf("what is known is %+v; events %v", known, site.Events(id, 0))
		}
	})
}

// TestPausedAndResumed: a guest takes its lease anew when it goes on, and is known by that.
func TestPausedAndResumed(t *testing.T) {
	inBubble(t, func(t *testing.T, site *sitetest.Site) {
		id := leased(site)
		before := *site.VM(id).Run.Lease.Holder
		machine := site.World.Machine(h1)
		machine.PauseGuest("vm")
		site.UntilStatus(id, time.Minute, model.StatusPaused)
		machine.ResumeGuest("vm")
		site.UntilStatus(id, time.Minute, model.StatusUp)
		site.Until(time.Minute, "the engine to know", func() bool { return site.VM(id).Run.Lease.Holder.Version > before.Version })
		machine.Crash()
		site.Until(lostLong, "the VM to run again", func() bool { return site.Status(id) == model.StatusUp })
	})
}

// TestHolderIsAnother: a lease that another host has while the guest is seen to run says
// nothing any more.
func TestHolderIsAnother(t *testing.T) {
	inBubble(t, func(t *testing.T, site *sitetest.Site) {
		id := leased(site)
		site.Edit(func(tx *inventory.Tx) {
			vm, _ := tx.VMs.Edit(id)
			vm.Run.Lease.Holder.Host = 3
		})
		site.Until(time.Minute, "the engine to know nothing", func() bool { return site.VM(id).Run.Lease == nil })
		if !told(site, audit.LeaseNotHeld, id) {
			t.Error("it was not told that nothing is known any more")
		}
		site.World.Machine(h1).Crash()
		site.Pass(lostLong)
		if status := site.Status(id); status != model.StatusUnknown {
			t.Errorf("it is %s", status)
		}
	})
}

// TestAliveInSpiteOfItsLease: on a host whose lease manager has not killed the guest, as
// without a watchdog, that is ended before the host is used, and told.
func TestAliveInSpiteOfItsLease(t *testing.T) {
	for name, elsewhere := range map[string]bool{"started elsewhere": true, "not started": false} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, site *sitetest.Site) {
				id := leased(site)
				site.Edit(func(tx *inventory.Tx) {
					vm, _ := tx.VMs.Edit(id)
					vm.HA.Enabled = elsewhere
				})
				machine := site.World.Machine(h1)
				machine.Disappear()
				machine.FailToKill()
				site.Until(lostLong, "the run to be closed", func() bool { return told(site, audit.LeaseDied, id) })
				if elsewhere {
					site.UntilStatus(id, 5*time.Minute, model.StatusUp)
				}
				machine.Answer()
				site.Until(5*time.Minute, "the alert", func() bool { return toldOfAll(site, audit.HostAliveAfterAll) })
				site.UntilStatus(id, 5*time.Minute, model.StatusUp)
				if on := running(site, "vm"); len(on) != 1 || slices.Contains(on, h1) == elsewhere {
					t.Errorf("the guest runs on %v", on)
				}
			})
		})
	}
}

// TestHeldByAJob: while a job is at work on the guest, nothing is closed; afterwards it is.
func TestHeldByAJob(t *testing.T) {
	inBubble(t, func(t *testing.T, site *sitetest.Site) {
		id := leased(site)
		site.World.Fail(fake.Rule{Host: h1, Call: "Destroy", Hang: true})
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			_, _ = site.Act(&engine.Call{On: model.KindVM, Name: "stop", Target: id})
		}()
		site.World.Machine(h1).Crash()
		site.Pass(lostLong)
		if vm := site.VM(id); vm.Run.Host != sitetest.HostID(1) {
			t.Errorf("it is %s on %q while a job holds it", vm.Run.Status, vm.Run.Host)
		}
		site.World.Machine(h1).Restart("")
		<-stopped
		site.UntilStatus(id, 5*time.Minute, model.StatusDown)
	})
}
