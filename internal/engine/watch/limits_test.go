package watch_test

import (
	"testing"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/host/fake"
	"vireo/internal/model"
)

// wantWithin wants a VM to take on a status between two times from now.
func wantWithin(t *testing.T, site *sitetest.Site, id model.ID, status model.Status, least, most time.Duration) {
	t.Helper()
	began := time.Now()
	site.UntilStatus(id, most, status)
	if took := time.Since(began); took < least {
		t.Errorf("the VM was %s after %v already", status, took)
	}
}

func TestUpWithoutAnAgent(t *testing.T) {
	inBubble(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		site.World.Behave("vm", fake.Behavior{NoAgent: true})
		id := site.Add("vm")
		site.Do("start", id, nil)
		site.UntilStatus(id, quick, model.StatusPoweringUp)
		wantWithin(t, site, id, model.StatusUp, 58*time.Second, 61*time.Second)
		site.Whole(sitetest.Soon)
	})
}

func TestUpByTheAgent(t *testing.T) {
	inBubble(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		site.World.Behave("vm", fake.Behavior{AgentDelay: 20 * time.Second})
		id := site.Add("vm")
		site.Do("start", id, nil)
		wantWithin(t, site, id, model.StatusUp, 19*time.Second, 20*time.Second+quick)
	})
}

// TestLimitCountsFromTheStatus: an engine that was away for longer than a limit
// finds it passed.
func TestLimitCountsFromTheStatus(t *testing.T) {
	inBubble(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		site.World.Behave("vm", fake.Behavior{NoAgent: true})
		id := site.Add("vm")
		site.Do("start", id, nil)
		site.Kill()
		site.Pass(2 * time.Minute)
		site.Start()
		wantWithin(t, site, id, model.StatusUp, 0, sitetest.Soon)
	})
}

func shutDown(t *testing.T, behavior fake.Behavior, test func(t *testing.T, site *sitetest.Site, id model.ID, since int64)) {
	t.Helper()
	inBubble(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		site.World.Behave("vm", behavior)
		id := site.Add("vm")
		site.Do("start", id, nil)
		site.UntilStatus(id, 2*time.Minute, model.StatusUp)
		since := site.LastEvent()
		site.Do("shutdown", id, nil)
		if status := site.Status(id); status != model.StatusPoweringDown {
			t.Fatalf("the VM is %s", status)
		}
		test(t, site, id, since)
		site.Whole(sitetest.Soon)
	})
}

func TestShutdownObeyed(t *testing.T) {
	shutDown(t, fake.Behavior{}, func(t *testing.T, site *sitetest.Site, id model.ID, since int64) {
		site.UntilStatus(id, time.Second, model.StatusDown)
		wantEvents(t, site, id, since, audit.ShutdownRequested, audit.Down)
		if site.World.CountCalls("PressPower", "vm") != 0 {
			t.Error("the button was pressed although the agent was asked")
		}
	})
}

func TestShutdownWithoutAnAgentGoesByTheButton(t *testing.T) {
	for name, behavior := range map[string]fake.Behavior{"no agent": {NoAgent: true}, "an agent that hangs": {AgentHangs: true}} {
		t.Run(name, func(t *testing.T) {
			shutDown(t, behavior, func(t *testing.T, site *sitetest.Site, id model.ID, since int64) {
				site.UntilStatus(id, time.Second, model.StatusDown)
				wantEvents(t, site, id, since, audit.ShutdownRequested, audit.Down)
			})
		})
	}
}

// TestShutdownEscalates: an agent that acknowledges and does nothing is followed by
// the power button.
func TestShutdownEscalates(t *testing.T) {
	shutDown(t, fake.Behavior{IgnoreAgent: true}, func(t *testing.T, site *sitetest.Site, id model.ID, since int64) {
		wantWithin(t, site, id, model.StatusDown, 29*time.Second, 32*time.Second)
		wantEvents(t, site, id, since, audit.ShutdownRequested, audit.Down)
		if pressed := site.World.CountCalls("PressPower", "vm"); pressed != 1 {
			t.Errorf("the button was pressed %d times", pressed)
		}
	})
}

// TestShutdownIgnored: the guest is never killed.
func TestShutdownIgnored(t *testing.T) {
	shutDown(t, fake.Behavior{IgnoreAgent: true, IgnorePower: true}, func(t *testing.T, site *sitetest.Site, id model.ID, since int64) {
		wantWithin(t, site, id, model.StatusUp, 299*time.Second, 301*time.Second)
		wantEvents(t, site, id, since, audit.ShutdownRequested, audit.ShutdownIgnored)
		if len(site.World.Running(id)) != 1 || site.World.CountCalls("Destroy", "vm") != 0 {
			t.Error("the guest was ended")
		}
		site.Pass(time.Hour)
		if status := site.Status(id); status != model.StatusUp {
			t.Errorf("later it is %s", status)
		}
	})
}

// TestShutdownIgnoredAcrossRestarts: neither limit is forgotten with the engine.
func TestShutdownIgnoredAcrossRestarts(t *testing.T) {
	shutDown(t, fake.Behavior{IgnoreAgent: true, IgnorePower: true}, func(t *testing.T, site *sitetest.Site, id model.ID, since int64) {
		for range 3 {
			site.Pass(20 * time.Second)
			site.Kill()
			site.Start()
		}
		wantWithin(t, site, id, model.StatusUp, 235*time.Second, 245*time.Second)
		wantEvents(t, site, id, since, audit.ShutdownRequested, audit.ShutdownIgnored)
		if pressed := site.World.CountCalls("PressPower", "vm"); pressed != 1 {
			t.Errorf("the button was pressed %d times", pressed)
		}
	})
}

// TestShutdownWhileTheHostIsAway: the button is pressed when the host is back.
func TestShutdownWhileTheHostIsAway(t *testing.T) {
	shutDown(t, fake.Behavior{IgnoreAgent: true}, func(t *testing.T, site *sitetest.Site, id model.ID, _ int64) {
		machine := site.World.Machine(h1)
		site.Pass(25 * time.Second)
		machine.Disappear()
		site.Pass(20 * time.Second)
		machine.Answer()
		site.UntilStatus(id, 10*time.Second, model.StatusDown)
	})
}

func reboot(t *testing.T, behavior fake.Behavior, test func(t *testing.T, site *sitetest.Site, id model.ID, since int64)) {
	t.Helper()
	inBubble(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		site.World.Behave("vm", behavior)
		id := site.Add("vm")
		site.Do("start", id, nil)
		site.UntilStatus(id, 2*time.Minute, model.StatusUp)
		site.Pass(time.Minute)
		since := site.LastEvent()
		site.Do("reboot", id, nil)
		if status := site.Status(id); status != model.StatusRebootInProgress {
			t.Fatalf("the VM is %s", status)
		}
		test(t, site, id, since)
		site.Whole(sitetest.Soon)
	})
}

func TestRebootObeyed(t *testing.T) {
	reboot(t, fake.Behavior{AgentDelay: 10 * time.Second}, func(t *testing.T, site *sitetest.Site, id model.ID, since int64) {
		epoch := site.VM(id).Run.Epoch
		wantWithin(t, site, id, model.StatusUp, 9*time.Second, 12*time.Second)
		wantEvents(t, site, id, since, audit.RebootRequested)
		if uptime := site.World.Machine(h1).Uptime("vm"); uptime > 12*time.Second {
			t.Errorf("the guest has been up for %v", uptime)
		}
		if site.VM(id).Run.Epoch != epoch || site.World.CountCalls("Boot", "vm") != 1 {
			t.Error("it is another QEMU")
		}
	})
}

func TestRebootIgnored(t *testing.T) {
	reboot(t, fake.Behavior{IgnoreAgent: true, IgnorePower: true}, func(t *testing.T, site *sitetest.Site, id model.ID, since int64) {
		wantWithin(t, site, id, model.StatusUp, 179*time.Second, 181*time.Second)
		wantEvents(t, site, id, since, audit.RebootRequested, audit.RebootFailed)
	})
}

// TestRebootWithoutAnAgent: the guest restarts and nobody tells when it is back.
func TestRebootWithoutAnAgent(t *testing.T) {
	reboot(t, fake.Behavior{NoAgent: true}, func(t *testing.T, site *sitetest.Site, id model.ID, since int64) {
		wantWithin(t, site, id, model.StatusUp, 179*time.Second, 181*time.Second)
		wantEvents(t, site, id, since, audit.RebootRequested)
	})
}

// TestRebootFasterThanItsAnswer: the guest is back before the host has answered
// the request.
func TestRebootFasterThanItsAnswer(t *testing.T) {
	inBubble(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		id := site.Reach("vm", model.StatusUp)
		site.World.Fail(fake.Rule{Call: "AgentShutdown", Nth: 1, Delay: 5 * time.Second, After: true})
		site.Begin(&engine.Call{On: model.KindVM, Name: "reboot", Target: id})
		wantWithin(t, site, id, model.StatusUp, 0, 10*time.Second)
		site.Whole(10 * time.Second)
	})
}
