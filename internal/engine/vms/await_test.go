package vms_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/fault"
	"vireo/internal/host/fake"
	"vireo/internal/model"
)

// reconnecting is a site whose hosts have just been lost.
func reconnecting(t *testing.T, hosts int, status model.Status, test func(t *testing.T, site *sitetest.Site, id model.ID)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var specs []fake.MachineSpec
		for i := range hosts {
			specs = append(specs, fake.MachineSpec{Address: sitetest.Host(i + 1)})
		}
		site := sitetest.New(t, sitetest.Options{Hosts: specs})
		site.Connected()
		id := site.Reach("vm", status)
		disappear(site, 1)
		test(t, site, id)
		site.Whole(time.Minute)
	})
}

// disappear loses a host, and waits until that is noticed.
func disappear(site *sitetest.Site, number int) {
	site.World.Machine(sitetest.Host(number)).Disappear()
	site.Until(time.Second, "the host is connecting", func() bool {
		on, _ := site.Inventory.Hosts.Get(sitetest.HostID(number))
		return on.Status == model.HostConnecting
	})
}

func start(site *sitetest.Site, id model.ID) (*engine.Result, error) {
	return site.Act(&engine.Call{On: model.KindVM, Name: "start", Target: id, Async: new(false)})
}

// TestStartWhileTheHostReconnects: it waits, and is done when the host is back; a
// paused VM goes on and a suspended one is restored likewise.
func TestStartWhileTheHostReconnects(t *testing.T) {
	for _, status := range []model.Status{model.StatusDown, model.StatusSuspended, model.StatusPaused} {
		t.Run(string(status), func(t *testing.T) {
			reconnecting(t, 1, status, func(t *testing.T, site *sitetest.Site, id model.ID) {
				time.AfterFunc(20*time.Second, site.World.Machine(sitetest.Host(1)).Answer)
				if _, err := start(site, id); err != nil {
					t.Fatal(err)
				}
				site.UntilStatus(id, sitetest.Soon, model.StatusUp)
				if running := site.World.Running(id); len(running) != 1 {
					t.Errorf("it runs on %v", running)
				}
			})
		})
	}
}

// TestStartWhileTheHostDoesNotComeBack: the wait ends when the host is
// non_responsive; nothing was sent to it, so nothing can run there.
func TestStartWhileTheHostDoesNotComeBack(t *testing.T) {
	for _, status := range []model.Status{model.StatusDown, model.StatusSuspended} {
		t.Run(string(status), func(t *testing.T) {
			reconnecting(t, 1, status, func(t *testing.T, site *sitetest.Site, id model.ID) {
				began := time.Now()
				_, err := start(site, id)
				if refusal := fault.Of(err); refusal.Code != fault.HostSilent {
					t.Errorf("the start: %v", err)
				}
				if took := time.Since(began); took > 31*time.Second {
					t.Errorf("it was refused after %v", took)
				}
				if now := site.VM(id).Run; now.Status != status || now.Host != "" || len(site.Inventory.Jobs()) > 0 {
					t.Errorf("the VM is %+v, with %d jobs", now, len(site.Inventory.Jobs()))
				}
				// Later starts are refused at once, until it is back.
				if _, err := start(site, id); fault.Of(err).Code != fault.NoHosts {
					t.Errorf("a later start: %v", err)
				}
				site.World.Machine(sitetest.Host(1)).Answer()
				site.Connected()
				if running := site.World.Running(id); len(running) > 0 {
					t.Errorf("it runs on %v", running)
				}
				if _, err := start(site, id); err != nil {
					t.Errorf("a start when it is back: %v", err)
				}
			})
		})
	}
}

// TestStartGoesElsewhere: while one host reconnects another is taken; and when a
// host that was waited for does not come back, one that is up by then.
func TestStartGoesElsewhere(t *testing.T) {
	h2 := []string{sitetest.Host(2)}
	reconnecting(t, 2, model.StatusDown, func(t *testing.T, site *sitetest.Site, id model.ID) {
		if _, err := start(site, id); err != nil || !slices.Equal(site.World.Running(id), h2) {
			t.Errorf("%v; it runs on %v", err, site.World.Running(id))
		}
	})
	reconnecting(t, 2, model.StatusDown, func(t *testing.T, site *sitetest.Site, id model.ID) {
		disappear(site, 2)
		time.AfterFunc(10*time.Second, site.World.Machine(sitetest.Host(2)).Answer)
		if _, err := start(site, id); err != nil || !slices.Equal(site.World.Running(id), h2) {
			t.Errorf("%v; it runs on %v", err, site.World.Running(id))
		}
	})
}

// TestStopWhileAStartWaits: whoever waits can change their mind.
func TestStopWhileAStartWaits(t *testing.T) {
	reconnecting(t, 1, model.StatusDown, func(t *testing.T, site *sitetest.Site, id model.ID) {
		site.Begin(&engine.Call{On: model.KindVM, Name: "start", Target: id})
		site.UntilStatus(id, time.Second, model.StatusWaitForLaunch)
		if _, err := site.Act(&engine.Call{On: model.KindVM, Name: "stop", Target: id, Async: new(false)}); err != nil {
			t.Fatal(err)
		}
		site.UntilStatus(id, time.Second, model.StatusDown)
		site.World.Machine(sitetest.Host(1)).Answer()
		site.Connected()
		site.Pass(time.Minute)
		if site.World.CountCalls("Boot", "vm") != 0 {
			t.Error("it was started all the same")
		}
	})
}

// TestEngineDiesWhileAStartWaits: the next engine knows that nothing was sent.
func TestEngineDiesWhileAStartWaits(t *testing.T) {
	reconnecting(t, 1, model.StatusDown, func(t *testing.T, site *sitetest.Site, id model.ID) {
		site.Begin(&engine.Call{On: model.KindVM, Name: "start", Target: id})
		site.UntilStatus(id, time.Second, model.StatusWaitForLaunch)
		site.Pass(5 * time.Second)
		site.Kill()
		site.Start()
		site.UntilStatus(id, 35*time.Second, model.StatusDown)
		site.World.Machine(sitetest.Host(1)).Answer()
	})
}

// TestStartThatWasSentIsWaitedFor: a host that may have the guest is waited for,
// however long it is silent.
func TestStartThatWasSentIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := sitetest.New(t, sitetest.Options{})
		site.Connected()
		id := site.Add("vm")
		site.World.Fail(fake.Rule{Call: "Boot", Nth: 1, After: true, Cut: true, Do: site.World.Machine(sitetest.Host(1)).Disappear})
		site.Begin(&engine.Call{On: model.KindVM, Name: "start", Target: id})
		site.UntilStatus(id, time.Minute, model.StatusUnknown)
		site.Pass(time.Hour)
		if len(site.Inventory.Jobs()) != 1 {
			t.Error("the job was ended")
		}
		site.World.Machine(sitetest.Host(1)).Answer()
		site.UntilStatus(id, time.Minute, model.StatusUp)
		site.Whole(time.Minute)
	})
}
