package watch_test

import (
	"testing"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// detours are ways in which a VM is not heard of for a while, and come back after
// the time that they are given.
var detours = map[string]func(site *sitetest.Site, id model.ID, lasts time.Duration){
	"hung monitor": func(site *sitetest.Site, id model.ID, lasts time.Duration) {
		machine := site.World.Machine(h1)
		machine.HangMonitor("vm")
		site.UntilStatus(id, lasts, model.StatusNotResponding)
		site.Pass(lasts - 45*time.Second)
		machine.AnswerMonitor("vm")
	},
	"silent host": func(site *sitetest.Site, id model.ID, lasts time.Duration) {
		machine := site.World.Machine(h1)
		machine.Disappear()
		site.UntilStatus(id, lasts, model.StatusUnknown)
		site.Pass(lasts - 30*time.Second)
		machine.Answer()
	},
	"silent host with a hung monitor": func(site *sitetest.Site, id model.ID, lasts time.Duration) {
		machine := site.World.Machine(h1)
		machine.HangMonitor("vm")
		site.UntilStatus(id, lasts, model.StatusNotResponding)
		machine.Disappear()
		site.UntilStatus(id, lasts, model.StatusUnknown)
		machine.AnswerMonitor("vm")
		machine.Answer()
	},
	"the engine is away": func(site *sitetest.Site, _ model.ID, lasts time.Duration) {
		site.Kill()
		site.Pass(lasts)
		site.Start()
	},
}

// TestRebootEndsDuringADetour: a guest that went before nothing was heard of it,
// and is back after that, is up as soon as it is heard of.
func TestRebootEndsDuringADetour(t *testing.T) {
	for name, detour := range detours {
		t.Run(name, func(t *testing.T) {
			reboot(t, fake.Behavior{AgentDelay: 20 * time.Second}, func(t *testing.T, site *sitetest.Site, id model.ID, since int64) {
				site.Pass(5 * time.Second)
				if !site.VM(id).Run.ResetSeen {
					t.Fatal("the reset was not heard")
				}
				detour(site, id, time.Minute)
				site.UntilStatus(id, 35*time.Second, model.StatusUp)
				wantNoEvent(t, site, id, since, audit.RebootFailed)
			})
		})
	}
}

// TestRebootEndsAfterADetour: what was known of the reboot is known after it.
func TestRebootEndsAfterADetour(t *testing.T) {
	for name, detour := range detours {
		t.Run(name, func(t *testing.T) {
			reboot(t, fake.Behavior{AgentDelay: 110 * time.Second}, func(t *testing.T, site *sitetest.Site, id model.ID, since int64) {
				entered := site.VM(id).Run.Since
				site.Pass(5 * time.Second)
				detour(site, id, time.Minute)
				site.UntilStatus(id, 35*time.Second, model.StatusRebootInProgress)
				if now := site.VM(id).Run; !now.ResetSeen || !now.Since.Equal(entered) || !now.BeforeSince.IsZero() {
					t.Errorf("it is %+v; the status was entered at %v", now, entered)
				}
				site.UntilStatus(id, time.Until(entered.Add(115*time.Second)), model.StatusUp)
				wantNoEvent(t, site, id, since, audit.RebootFailed)
			})
		})
	}
}

// TestRebootLimitCountsThroughDetours: the limit is that of the status, however
// often nothing was heard meanwhile.
func TestRebootLimitCountsThroughDetours(t *testing.T) {
	for name, detour := range detours {
		t.Run(name, func(t *testing.T) {
			reboot(t, fake.Behavior{NoAgent: true, IgnorePower: true}, func(t *testing.T, site *sitetest.Site, id model.ID, since int64) {
				entered := site.VM(id).Run.Since
				site.Pass(50 * time.Second)
				detour(site, id, time.Minute)
				site.UntilStatus(id, 35*time.Second, model.StatusRebootInProgress)
				site.UntilStatus(id, time.Until(entered.Add(181*time.Second)), model.StatusUp)
				if took := time.Since(entered); took < 179*time.Second {
					t.Errorf("the limit rang after %v", took)
				}
			})
		})
	}
}

// unheard lets a guest that was asked to reboot do so while its host is away.
func unheard(t *testing.T, behavior fake.Behavior, test func(t *testing.T, site *sitetest.Site, id model.ID, since int64)) {
	t.Helper()
	behavior.ShutdownDelay = time.Second
	reboot(t, behavior, func(t *testing.T, site *sitetest.Site, id model.ID, since int64) {
		site.World.Machine(h1).Disappear()
		site.Pass(10 * time.Second)
		if site.VM(id).Run.ResetSeen {
			t.Fatal("the reset was heard")
		}
		site.World.Machine(h1).Answer()
		test(t, site, id, since)
	})
}

// TestUnheardReboot: a guest that has lived for less time than has passed since it
// was asked to reboot has done it.
func TestUnheardReboot(t *testing.T) {
	unheard(t, fake.Behavior{AgentDelay: 2 * time.Second}, func(t *testing.T, site *sitetest.Site, id model.ID, since int64) {
		site.UntilStatus(id, 10*time.Second, model.StatusUp)
		wantEvents(t, site, id, since, audit.RebootRequested)
	})
}

// TestUnheardResetHeardReturn: the guest was seen to return and not to go.
func TestUnheardResetHeardReturn(t *testing.T) {
	unheard(t, fake.Behavior{AgentDelay: 40 * time.Second}, func(t *testing.T, site *sitetest.Site, id model.ID, since int64) {
		site.UntilStatus(id, 45*time.Second, model.StatusUp)
		wantEvents(t, site, id, since, audit.RebootRequested)
	})
}

// TestUnheardRebootOfAGuestThatCannotSay: it is up when the limit has passed, and
// nothing is claimed.
func TestUnheardRebootOfAGuestThatCannotSay(t *testing.T) {
	unheard(t, fake.Behavior{NoAgent: true}, func(t *testing.T, site *sitetest.Site, id model.ID, since int64) {
		wantWithin(t, site, id, model.StatusUp, 165*time.Second, 171*time.Second)
		wantEvents(t, site, id, since, audit.RebootRequested)
	})
	unheard(t, fake.Behavior{AgentDelay: 2 * time.Second}, func(t *testing.T, site *sitetest.Site, id model.ID, since int64) {
		site.World.Fail(fake.Rule{Call: "GuestUptime", Error: fake.Refuse(host.RefusedUnsupported, "no files")})
		wantWithin(t, site, id, model.StatusUp, 165*time.Second, 171*time.Second)
		wantEvents(t, site, id, since, audit.RebootRequested)
	})
}

// TestUnheardAndIgnored: a guest that says that it has lived on is not taken for
// one that has restarted.
func TestUnheardAndIgnored(t *testing.T) {
	unheard(t, fake.Behavior{IgnoreAgent: true}, func(t *testing.T, site *sitetest.Site, id model.ID, _ int64) {
		wantWithin(t, site, id, model.StatusUp, 165*time.Second, 171*time.Second)
	})
}

// TestLostEventOfTheReturn: the host has lost the event that the agent is back, and
// the guest is found when it is sampled.
func TestLostEventOfTheReturn(t *testing.T) {
	reboot(t, fake.Behavior{AgentDelay: 10 * time.Second}, func(t *testing.T, site *sitetest.Site, id model.ID, since int64) {
		site.World.Machine(h1).LoseEvents(host.EventAgentConnected)
		site.UntilStatus(id, 30*time.Second, model.StatusUp)
		wantEvents(t, site, id, since, audit.RebootRequested)
	})
}

// TestResetToldLate: a reset that is told when the guest is back already does not
// leave it rebooting for ever.
func TestResetToldLate(t *testing.T) {
	inBubble(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		id := site.Reach("vm", model.StatusUp)
		since := site.LastEvent()
		site.World.Machine(h1).TellLate("vm", host.EventReset)
		site.Until(time.Second, "the reset is told", func() bool { return len(site.Events(id, since)) == 1 })
		site.UntilStatus(id, 10*time.Second, model.StatusUp)
		wantEvents(t, site, id, since, audit.GuestRebooted)
	})
}

// TestButtonIsPressedOnce: that the power button was pressed is not forgotten while
// nothing is heard.
func TestButtonIsPressedOnce(t *testing.T) {
	shutDown(t, fake.Behavior{IgnoreAgent: true, IgnorePower: true}, func(t *testing.T, site *sitetest.Site, id model.ID, since int64) {
		site.Pass(35 * time.Second)
		detours["hung monitor"](site, id, time.Minute)
		site.UntilStatus(id, 35*time.Second, model.StatusPoweringDown)
		wantWithin(t, site, id, model.StatusUp, 165*time.Second, 301*time.Second)
		wantNoEvent(t, site, id, since, audit.RebootFailed)
		if pressed := site.World.CountCalls("PressPower", "vm"); pressed != 1 {
			t.Errorf("the button was pressed %d times", pressed)
		}
	})
}

// TestLimitChanges: a limit that is changed counts at once, for VMs too that are
// in its status already.
func TestLimitChanges(t *testing.T) {
	reboot(t, fake.Behavior{NoAgent: true}, func(t *testing.T, site *sitetest.Site, id model.ID, _ int64) {
		site.Pass(20 * time.Second)
		site.Edit(func(tx *inventory.Tx) {
			tx.Options.Put(&model.Option{Name: "VmRebootTimeout", Value: "30s"})
		})
		wantWithin(t, site, id, model.StatusUp, 9*time.Second, 11*time.Second)
	})
}

func wantNoEvent(t *testing.T, site *sitetest.Site, id model.ID, since int64, unwanted audit.Code) {
	t.Helper()
	for _, code := range site.Events(id, since) {
		if code == int(unwanted) {
			t.Errorf("there is the event %d", code)
		}
	}
}

// TestRebootWhoseAnswerIsLost: the guest has obeyed, and the request is not known to
// have arrived.
func TestRebootWhoseAnswerIsLost(t *testing.T) {
	inBubble(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		site.World.Behave("vm", fake.Behavior{AgentDelay: 3 * time.Second})
		id := site.Reach("vm", model.StatusUp)
		site.Pass(time.Minute)
		since := site.LastEvent()
		site.World.Fail(fake.Rule{Call: "AgentShutdown", Nth: 1, Cut: true, After: true})
		site.Begin(&engine.Call{On: model.KindVM, Name: "reboot", Target: id})
		site.UntilStatus(id, sitetest.Soon, model.StatusRebootInProgress)
		site.UntilStatus(id, 30*time.Second, model.StatusUp)
		site.Whole(30 * time.Second)
		wantNoEvent(t, site, id, since, audit.RebootFailed)
	})
}
