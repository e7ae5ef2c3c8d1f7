package hosts_test

import (
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/engine/fencing"
	"vireo/internal/engine/hosts"
	"vireo/internal/engine/sitetest"
	"vireo/internal/fault"
	"vireo/internal/host/fake"
	"vireo/internal/model"
)

var two = sitetest.Options{Hosts: []fake.MachineSpec{{Address: sitetest.Host(1)}, {Address: sitetest.Host(2)}}}

// TestMaintenance: a host without VMs goes into maintenance at once, is let go of
// there, gets no VM, can be moved and removed, and comes back.
func TestMaintenance(t *testing.T) {
	inBubble(t, two, func(w *world) {
		first, second := sitetest.HostID(1), sitetest.HostID(2)
		w.refused(fault.HostIsUp, "activate", first, nil)
		before := w.LastEvent()
		w.must("deactivate", first, &hosts.DeactivateParams{Reason: "a new fan"})
		w.is(first, model.HostMaintenance)
		if _, err := w.Watcher.Connected(first); err == nil {
			t.Error("it is still connected")
		}
		w.refused(fault.HostInMaintenance, "deactivate", first, nil)
		w.World.Machine(sitetest.Host(1)).Crash() // a machine in maintenance may be off
		time.Sleep(time.Hour)
		w.is(first, model.HostMaintenance)
		for _, name := range []string{"a", "b"} {
			id := w.Reach(name, model.StatusUp)
			if on := w.VM(id).Run.Host; on != second {
				t.Errorf("it runs on %s", on)
			}
		}
		address := w.machine(3)
		w.must("update", first, edit(func(on *model.Host) { on.Address = address }))
		w.must("activate", first, nil)
		w.is(first, model.HostUp)
		w.must("deactivate", first, nil)
		w.must("remove", first, nil)
		if told := w.told(before); told != "600 15 43 16 13 600 15 44" {
			t.Errorf("the events are %s", told)
		}
	})
}

// TestMaintenanceWaits: a host stays in preparation while VMs run there, says so, is
// not given more, and is in maintenance as soon as they have gone.
func TestMaintenanceWaits(t *testing.T) {
	inBubble(t, sitetest.Options{}, func(w *world) {
		id := sitetest.HostID(1)
		vm := w.Reach("busy", model.StatusUp, func(vm *model.VM) { vm.Placement.Affinity = model.AffinityPinned })
		before := w.LastEvent()
		w.must("deactivate", id, nil)
		w.is(id, model.HostPreparingForMaintenance)
		if told := w.told(before); told != "600 602" {
			t.Errorf("the events are %s", told)
		}
		w.refused(fault.HostInMaintenance, "deactivate", id, nil)
		w.refused(fault.HostHasVMs, "remove", id, &hosts.RemoveParams{Force: true})
		other := w.Add("other")
		if _, err := w.start(other); err == nil {
			t.Error("a VM was started on it")
		}
		w.must("activate", id, nil)
		w.is(id, model.HostUp)
		w.must("deactivate", id, nil)
		w.Stop() // the wish survives the engine
		w.Start()
		w.Until(time.Minute, "it is connected again", func() bool { _, err := w.Watcher.Connected(id); return err == nil })
		w.is(id, model.HostPreparingForMaintenance)
		w.Do("shutdown", vm, nil)
		w.Until(time.Minute, "it is in maintenance", func() bool { return w.host(id).Status == model.HostMaintenance })
	})
}

// TestFencedByHand: what an operator confirms of a host that is not heard makes its VMs
// down; of one that is heard it counts for nothing.
func TestFencedByHand(t *testing.T) {
	inBubble(t, two, func(w *world) {
		vm := w.Reach("lost", model.StatusUp)
		id := w.VM(vm).Run.Host
		machine := w.Machine(vm)
		manual := &fencing.Params{Type: model.FenceManual}
		w.refused(fault.HostStatusWrong, "fence", id, manual)
		machine.Disappear()
		synctest.Wait()
		w.is(id, model.HostConnecting)
		w.UntilStatus(vm, time.Hour, model.StatusUnknown)
		w.is(id, model.HostNonResponsive)
		w.refused(fault.HostLostWithVMs, "deactivate", id, nil)
		w.refused(fault.HostHasVMs, "remove", id, &hosts.RemoveParams{Force: true})
		machine.Crash()
		w.must("fence", id, manual)
		if got := w.VM(vm); got.Run.Status != model.StatusDown || got.Run.Host != "" {
			t.Errorf("the VM is %+v", got.Run)
		}
		w.Do("start", vm, nil)
		if on := w.VM(vm).Run.Host; on == id {
			t.Error("it was started where it was")
		}
		w.must("deactivate", id, nil)
		w.is(id, model.HostMaintenance)
		machine.Restart("")
		w.must("activate", id, nil)
		w.is(id, model.HostUp)
		if running := w.World.Running(vm); len(running) != 1 {
			t.Errorf("it runs at %v", running)
		}
	})
}

// TestRefresh: what a host is, is read again when somebody asks.
func TestRefresh(t *testing.T) {
	inBubble(t, sitetest.Options{}, func(w *world) {
		id := sitetest.HostID(1)
		before := w.LastEvent()
		w.must("refresh", id, nil)
		if told := w.told(before); told != "20322" {
			t.Errorf("the events are %s", told)
		}
		w.World.Machine(sitetest.Host(1)).Disappear()
		synctest.Wait()
		w.refused(fault.HostStatusWrong, "refresh", id, nil)
	})
}

// TestSameMachine: a second way to a machine that is a host already is no second host.
func TestSameMachine(t *testing.T) {
	facts := model.HostFacts{UUID: "00000000-0000-0000-0000-00000000000a", Hostname: "one", Memory: 8 << 30}
	inBubble(t, sitetest.Options{Hosts: []fake.MachineSpec{{Address: sitetest.Host(1), Facts: &facts, BootID: "b"}}}, func(w *world) {
		w.World.AddMachine(fake.MachineSpec{Address: sitetest.Host(2), Facts: &facts, BootID: "b"})
		id := w.must("add", "", adding("again", sitetest.Host(2)))
		w.is(id, model.HostNonOperational)
		w.is(sitetest.HostID(1), model.HostUp)
		w.must("deactivate", sitetest.HostID(1), nil)
		w.must("activate", id, nil)
		w.is(id, model.HostUp)
	})
}

// TestMaintenanceMigrates: what can go is migrated away from a host that goes into
// maintenance, and what cannot is named.
func TestMaintenanceMigrates(t *testing.T) {
	inBubble(t, two, func(w *world) {
		first, second := sitetest.HostID(1), sitetest.HostID(2)
		on := func(vm *model.VM) { vm.Placement.Hosts = []model.ID{first} }
		moving := w.Reach("moving", model.StatusUp)
		staying := w.Reach("staying", model.StatusUp, on, func(vm *model.VM) { vm.Placement.Affinity = model.AffinityUserMigratable })
		if w.VM(moving).Run.Host != first {
			w.Do("migrate", moving, nil)
			w.UntilStatus(moving, time.Minute, model.StatusUp)
		}
		before := w.LastEvent()
		w.must("deactivate", first, nil)
		w.Until(10*time.Minute, "one has moved", func() bool { return w.VM(moving).Run.Host == second && w.VM(moving).Run.Status == model.StatusUp })
		w.is(first, model.HostPreparingForMaintenance)
		if told := w.told(before); told != "600 602" {
			t.Errorf("the events are %s", told)
		}
		if running := w.World.Running(moving); len(running) != 1 || running[0] != sitetest.Host(2) {
			t.Errorf("it runs on %v", running)
		}
		w.Do("shutdown", staying, nil)
		w.Until(time.Minute, "it is in maintenance", func() bool { return w.host(first).Status == model.HostMaintenance })
	})
}
