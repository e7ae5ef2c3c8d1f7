package vms_test

import (
	"slices"
	"testing"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// onUp runs a test on a VM that is up.
func onUp(t *testing.T, test func(t *testing.T, site *sitetest.Site, id model.ID)) {
	t.Helper()
	onSite(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		id := site.Reach("vm", model.StatusUp)
		site.Pass(time.Minute)
		test(t, site, id)
	})
}

// refusedAs wants an action on a VM to be refused with that sentence, within a
// minute and as a failure of the host.
func refusedAs(t *testing.T, site *sitetest.Site, id model.ID, action, sentence string) {
	t.Helper()
	began := time.Now()
	_, err := site.Act(&engine.Call{On: model.KindVM, Name: action, Target: id, Async: new(false)})
	if err == nil || fault.Of(err).Message() != sentence || fault.Of(err).Kind != fault.Host {
		t.Errorf("%s: %v, want %q", action, err, sentence)
	}
	if took := time.Since(began); took > time.Minute {
		t.Errorf("%s was refused after %v", action, took)
	}
}

// wantFrozen wants the guest to be frozen, or not, and the record to say so.
func wantFrozen(t *testing.T, site *sitetest.Site, id model.ID, want bool) {
	t.Helper()
	if guest, recorded := site.Machine(id).Frozen("vm"), !site.VM(id).Run.Frozen.IsZero(); guest != want || recorded != want {
		t.Errorf("frozen is %v and recorded as %v, want %v", guest, recorded, want)
	}
}

func wantEvents(t *testing.T, site *sitetest.Site, id model.ID, since int64, want ...int) {
	t.Helper()
	if events := site.Events(id, since); !slices.Equal(events, want) {
		t.Errorf("events %v, want %v", events, want)
	}
}

// TestFreezeAndThaw: a second freeze is refused and leaves the first, a second thaw
// is none; the job ends with the freeze, and the guest is left in peace.
func TestFreezeAndThaw(t *testing.T) {
	onUp(t, func(t *testing.T, site *sitetest.Site, id model.ID) {
		since := site.LastEvent()
		site.Do("freezefilesystems", id, nil)
		wantFrozen(t, site, id, true)
		asked := site.World.CountCalls("GuestInfo", "vm")
		refusedAs(t, site, id, "freezefilesystems", "Unable to freeze guest filesystems")
		wantFrozen(t, site, id, true)
		site.Pass(4 * time.Minute)
		if now := site.World.CountCalls("GuestInfo", "vm"); now != asked {
			t.Errorf("the frozen guest was asked about itself %d times", now-asked)
		}
		site.Whole(sitetest.Soon)
		site.Do("thawfilesystems", id, nil)
		wantFrozen(t, site, id, false)
		site.Do("thawfilesystems", id, nil)
		wantEvents(t, site, id, since, 10767, 10769, 10768, 10768)
		site.Pass(2 * time.Minute)
		if site.World.CountCalls("GuestInfo", "vm") == asked {
			t.Error("the thawed guest is not asked about itself any more")
		}
	})
}

// TestFreezeRefused: the documented sentences of api-v3 3.15. Nothing is frozen then.
func TestFreezeRefused(t *testing.T) {
	const silent = "Guest agent non responsive"
	refuse := func(call string, code host.RefusalCode) func(*sitetest.Site, model.ID) {
		return func(site *sitetest.Site, _ model.ID) {
			site.World.Fail(fake.Rule{Call: call, Error: fake.Refuse(code, "no")})
		}
	}
	for name, test := range map[string]struct {
		action, sentence string
		arm              func(site *sitetest.Site, id model.ID)
	}{
		"no agent":      {"freezefilesystems", silent, func(site *sitetest.Site, id model.ID) { site.Machine(id).LoseAgent("vm") }},
		"thaw no agent": {"thawfilesystems", silent, func(site *sitetest.Site, id model.ID) { site.Machine(id).LoseAgent("vm") }},
		"hung agent": {"freezefilesystems", silent, func(site *sitetest.Site, _ model.ID) {
			site.World.Behave("vm", fake.Behavior{AgentHangs: true})
		}},
		"thaw hung agent": {"thawfilesystems", silent, func(site *sitetest.Site, _ model.ID) {
			site.World.Behave("vm", fake.Behavior{AgentHangs: true})
		}},
		"the freeze hangs": {"freezefilesystems", silent, func(site *sitetest.Site, _ model.ID) {
			site.World.Fail(fake.Rule{Call: "AgentFreeze", Hang: true})
		}},
		"the thaw hangs": {"thawfilesystems", silent, func(site *sitetest.Site, _ model.ID) {
			site.World.Fail(fake.Rule{Call: "AgentThaw", Hang: true})
		}},
		"cannot freeze": {"freezefilesystems", "Unable to freeze guest filesystems", refuse("AgentFreeze", host.RefusedOther)},
		"cannot thaw":   {"thawfilesystems", "Unable to thaw guest filesystems", refuse("AgentThaw", host.RefusedOther)},
		"does not know": {"freezefilesystems", "The guest agent cannot freeze and thaw filesystems.", refuse("AgentFrozen", host.RefusedUnsupported)},
		"frozen inside": {"freezefilesystems", "Unable to freeze guest filesystems", func(site *sitetest.Site, id model.ID) {
			site.Machine(id).Freeze("vm")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			onUp(t, func(t *testing.T, site *sitetest.Site, id model.ID) {
				since := site.LastEvent()
				test.arm(site, id)
				refusedAs(t, site, id, test.action, test.sentence)
				failed := 10769
				if test.action == "thawfilesystems" {
					failed = 10770
				}
				if events := site.Events(id, since); !slices.Contains(events, failed) {
					t.Errorf("there is no event %d in %v", failed, events)
				}
				wantFrozen(t, site, id, name == "frozen inside")
			})
		})
	}
}

// TestFreezeOnASilentHost: a host that comes back soon is waited for, one that is
// non_responsive is not.
func TestFreezeOnASilentHost(t *testing.T) {
	onUp(t, func(t *testing.T, site *sitetest.Site, id model.ID) {
		site.World.Fail(fake.Rule{Call: "AgentFreeze", Nth: 1, Cut: true, After: true})
		site.Do("freezefilesystems", id, nil)
		wantFrozen(t, site, id, true)
		machine := site.Machine(id)
		site.World.Fail(fake.Rule{Call: "AgentThaw", Nth: 1, Do: machine.Disappear, Cut: true})
		on, _ := site.Inventory.Hosts.Get(site.VM(id).Run.Host)
		refusedAs(t, site, id, "thawfilesystems", "Cannot thaw VM. The host "+on.Name+" does not answer.")
		machine.Answer()
		site.Connected()
		site.UntilStatus(id, sitetest.Soon, model.StatusUp)
		site.Do("thawfilesystems", id, nil)
		wantFrozen(t, site, id, false)
	})
}

// TestFreezeOfUnknownEnd: the agent has frozen, and neither its answer nor the thaw
// that takes it back comes through. That is remembered, and found out later.
func TestFreezeOfUnknownEnd(t *testing.T) {
	onUp(t, func(t *testing.T, site *sitetest.Site, id model.ID) {
		site.World.Fail(fake.Rule{Call: "AgentFreeze", Hang: true, After: true})
		site.World.Fail(fake.Rule{Call: "AgentThaw", Hang: true})
		_, err := site.Act(&engine.Call{On: model.KindVM, Name: "freezefilesystems", Target: id, Async: new(false)})
		if !fault.Is(err, fault.Host) {
			t.Errorf("%v", err)
		}
		wantFrozen(t, site, id, true)
		site.World.ClearRules()
		site.Machine(id).Thaw("vm")
		site.Pass(2 * time.Minute)
		wantFrozen(t, site, id, false)
	})
}

// TestFreezeOfNothing: a guest without file systems is not frozen, which is no failure.
func TestFreezeOfNothing(t *testing.T) {
	onUp(t, func(t *testing.T, site *sitetest.Site, id model.ID) {
		site.World.Behave("vm", fake.Behavior{NoFileSystems: true})
		since := site.LastEvent()
		site.Do("freezefilesystems", id, nil)
		wantFrozen(t, site, id, false)
		site.Pass(time.Hour)
		wantEvents(t, site, id, since, 10767)
	})
}

// TestStopDuringFreeze: a freeze that hangs keeps nobody from the power button.
func TestStopDuringFreeze(t *testing.T) {
	onUp(t, func(t *testing.T, site *sitetest.Site, id model.ID) {
		site.World.Fail(fake.Rule{Call: "AgentFreeze", Hang: true})
		site.Begin(&engine.Call{On: model.KindVM, Name: "freezefilesystems", Target: id})
		site.Pass(time.Second)
		began := time.Now()
		site.Do("stop", id, nil)
		if took := time.Since(began); took > sitetest.Soon || site.Status(id) != model.StatusDown {
			t.Errorf("it is %s after %v", site.Status(id), took)
		}
	})
}

// TestThawDuringOtherWork: work that hangs on a frozen VM is no reason to leave it frozen.
func TestThawDuringOtherWork(t *testing.T) {
	onUp(t, func(t *testing.T, site *sitetest.Site, id model.ID) {
		site.Do("freezefilesystems", id, nil)
		site.Edit(func(tx *inventory.Tx) {
			tx.PutJob(&model.Job{
				ID: "held", Action: "vm.nothing", Target: model.Ref{Kind: model.KindVM, ID: id},
				Locks: []model.Ref{{Kind: model.KindVM, ID: id}}, Status: model.JobStarted, StartTime: time.Now(),
			})
		})
		_, err := site.Act(&engine.Call{On: model.KindVM, Name: "freezefilesystems", Target: id, Async: new(false)})
		if fault.Of(err).Code != fault.ObjectLocked {
			t.Errorf("a freeze beside other work: %v", err)
		}
		site.Do("thawfilesystems", id, nil)
		wantFrozen(t, site, id, false)
		site.Edit(func(tx *inventory.Tx) {
			held, _ := tx.Job("held")
			ended := model.Clone(held)
			ended.Status, ended.EndTime = model.JobFinished, time.Now()
			tx.PutJob(ended)
		})
	})
}
