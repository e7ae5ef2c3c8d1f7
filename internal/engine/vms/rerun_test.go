package vms_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/model"
)

// rerun starts a VM on a site of four hosts, of which so many refuse.
func rerun(t *testing.T, refuse int, test func(t *testing.T, site *sitetest.Site, id model.ID, err error)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var hosts []fake.MachineSpec
		for i := range 4 {
			hosts = append(hosts, fake.MachineSpec{Address: sitetest.Host(i + 1)})
		}
		site := sitetest.New(t, sitetest.Options{Hosts: hosts})
		site.Connected()
		id := site.Add("vm")
		for nth := range refuse {
			site.World.Fail(fake.Rule{Call: "Boot", Nth: nth + 1, Error: fake.Refuse(host.RefusedResource, "no huge pages")})
		}
		_, err := site.Act(&engine.Call{On: model.KindVM, Name: "start", Target: id, Async: new(false)})
		site.Pass(time.Second)
		test(t, site, id, err)
		site.Whole(sitetest.Soon)
		site.Tidy(time.Minute)
	})
}

// TestRerun: a start that a host refuses is tried on others, three at most; each
// failure is told (151), and the last one as well (54).
func TestRerun(t *testing.T) {
	rerun(t, 2, func(t *testing.T, site *sitetest.Site, id model.ID, err error) {
		if err != nil || site.Status(id) != model.StatusUp {
			t.Errorf("the start: %v; the VM is %s", err, site.Status(id))
		}
		if events := site.Events(id, 0); !slices.Equal(events, []int{34, 153, 151, 151, 32}) {
			t.Errorf("events %v", events)
		}
		var tried []string
		for _, call := range site.World.Calls() {
			if call.Name == "Boot" {
				tried = append(tried, call.Host)
			}
		}
		if !slices.Equal(tried, []string{sitetest.Host(1), sitetest.Host(2), sitetest.Host(3)}) {
			t.Errorf("tried %v", tried)
		}
	})
}

// TestRerunLeavesSeeds: a host that can neither write nor remove seeds is one like
// others that refuse.
func TestRerunLeavesSeeds(t *testing.T) {
	onSite(t, twoHosts, func(t *testing.T, site *sitetest.Site) {
		id := site.Add("vm")
		for _, call := range []string{fake.WriteSeeds, "Forget"} {
			site.World.Fail(fake.Rule{Host: sitetest.Host(1), Call: call, Nth: 1, Error: fake.Refuse(host.RefusedOther, "no storage driver")})
		}
		up(site, id, cloudInit(nil))
		if on := site.VM(id).Run.Host; on != sitetest.HostID(2) || site.World.CountCalls("Forget", "") != 1 {
			t.Errorf("it is on %s after %d removals", on, site.World.CountCalls("Forget", ""))
		}
	})
}

// TestRerunLeavesDefinition: a host that refuses, and stays at work on what is left there of
// the run before, is freed later. Nobody waits for that.
func TestRerunLeavesDefinition(t *testing.T) {
	onSite(t, twoHosts, func(t *testing.T, site *sitetest.Site) {
		id, machine := site.Add("vm"), site.World.Machine(sitetest.Host(1))
		up(site, id, nil)
		machine.Hold("vm")
		machine.Kill("vm")
		site.UntilStatus(id, time.Minute, model.StatusDown)
		up(site, id, nil)
		if on := site.VM(id).Run.Host; on != sitetest.HostID(2) || len(machine.Guests()) != 1 {
			t.Errorf("it is on %s, and %v is left", on, machine.Guests())
		}
		machine.RestartDaemon(time.Second)
		site.Until(15*time.Minute, "the host to be freed", func() bool { return len(machine.Guests()) == 0 })
		if running := site.World.Running(id); !slices.Equal(running, []string{sitetest.Host(2)}) {
			t.Errorf("it runs on %v", running)
		}
	})
}

// TestRefusedWhereItWas: the only host that fits is at work on the run before. The start is
// refused, the VM is down, and the host is freed later all the same.
func TestRefusedWhereItWas(t *testing.T) {
	onSite(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		id, machine := site.Add("vm"), site.World.Machine(sitetest.Host(1))
		up(site, id, nil)
		machine.Hold("vm")
		machine.Kill("vm")
		site.UntilStatus(id, time.Minute, model.StatusDown)
		if _, refusal := startRefused(t, site, id, nil); refusal.Code != fault.HostFailed {
			t.Errorf("the start: %v", refusal)
		}
		if vm := site.VM(id); vm.Run.Status != model.StatusDown || vm.Run.Host != "" {
			t.Errorf("it is %s on %q", vm.Run.Status, vm.Run.Host)
		}
		machine.RestartDaemon(time.Second)
		site.Until(15*time.Minute, "the host to be freed", func() bool { return len(machine.Guests()) == 0 })
		up(site, id, nil)
	})
}

func TestRerunEnds(t *testing.T) {
	rerun(t, 4, func(t *testing.T, site *sitetest.Site, id model.ID, err error) {
		refusal := fault.Of(err)
		if refusal.Code != fault.HostFailed || refusal.Message() != "Cannot run VM. The host h3 refused: no huge pages" {
			t.Errorf("the start: %v", err)
		}
		if site.Status(id) != model.StatusDown || site.World.CountCalls("Boot", "") != 3 {
			t.Errorf("the VM is %s after %d boots", site.Status(id), site.World.CountCalls("Boot", ""))
		}
		if events := site.Events(id, 0); !slices.Equal(events, []int{34, 153, 151, 151, 54}) {
			t.Errorf("events %v", events)
		}
	})
}

// TestNoRerunInDoubt: a host that does not answer may have started the guest. It is
// waited for, and no other host is tried, however long that takes.
func TestNoRerunInDoubt(t *testing.T) {
	for _, after := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			site := sitetest.New(t, sitetest.Options{Hosts: []fake.MachineSpec{{Address: sitetest.Host(1)}, {Address: sitetest.Host(2)}}})
			site.Connected()
			id := site.Add("vm")
			machine := site.World.Machine(sitetest.Host(1))
			site.World.Fail(fake.Rule{Call: "Boot", Nth: 1, Do: machine.Disappear, After: after})
			site.Begin(&engine.Call{On: model.KindVM, Name: "start", Target: id})
			site.UntilStatus(id, 2*time.Minute, model.StatusUnknown)
			site.Pass(24 * time.Hour)
			if status := site.Status(id); status != model.StatusUnknown || len(site.World.Machine(sitetest.Host(2)).Guests()) > 0 {
				t.Errorf("it is %s", status)
			}
			machine.Answer()
			site.UntilStatus(id, 10*time.Second, model.StatusUp)
			site.Whole(sitetest.Soon)
			if running := site.World.Running(id); !slices.Equal(running, []string{sitetest.Host(1)}) {
				t.Errorf("it runs on %v", running)
			}
		})
	}
}

// TestOverridesOnAnotherHost: hosts that refuse leave nothing behind, and the next
// one is asked for the same; but a host that was asked for is the only one tried.
func TestOverridesOnAnotherHost(t *testing.T) {
	runsOnce(t, func(t *testing.T, r *longRun) {
		r.Do("stop", r.id, nil)
		params := &vms.StartParams{Once: r.once, Initialization: model.InitializationCloudInit}
		r.World.Fail(fake.Rule{Call: "Boot", Nth: 1, Error: fake.Refuse(host.RefusedResource, "no huge pages")})
		r.Do("start", r.id, params)
		r.UntilStatus(r.id, sitetest.Soon, model.StatusUp)
		if boots := r.World.CountCalls("Boot", "vm"); boots != 3 || r.VM(r.id).Run.Host != sitetest.HostID(2) {
			t.Errorf("after %d boots it is on %s", boots, r.VM(r.id).Run.Host)
		}
		again := r.Machine(r.id).Spec("vm")
		r.spec.Seeds, r.spec.Given = again.Seeds, again.Given // of another instance
		r.lasts("on another host")
		if left := r.World.Machine(sitetest.Host(1)).Seeded(); len(left) > 0 {
			t.Errorf("seeds of %v are left where it was refused", left)
		}
		r.Do("stop", r.id, nil)

		params.Once = model.Clone(r.once)
		params.Once.Host = sitetest.HostID(2)
		r.World.Fail(fake.Rule{Call: "Boot", Nth: 1, Error: fake.Refuse(host.RefusedResource, "no huge pages")})
		result, refused := startRefused(t, r.Site, r.id, params)
		if refused.Code != fault.HostFailed || r.World.CountCalls("Boot", "vm") != 4 {
			t.Errorf("after %d boots: %v", r.World.CountCalls("Boot", "vm"), refused)
		}
		if result.Job.Params != nil || result.Job.Data != nil {
			t.Errorf("the job keeps %s and %s", result.Job.Params, result.Job.Data)
		}
		r.gone()
	})
}
