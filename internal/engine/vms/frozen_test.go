package vms_test

import (
	"slices"
	"testing"
	"time"

	"vireo/internal/engine/sitetest"
	"vireo/internal/host/fake"
	"vireo/internal/model"
)

// onFrozen runs a test on a VM that is up and frozen; since is its last event.
func onFrozen(t *testing.T, test func(t *testing.T, site *sitetest.Site, id model.ID, since int64)) {
	t.Helper()
	onUp(t, func(t *testing.T, site *sitetest.Site, id model.ID) {
		site.Do("freezefilesystems", id, nil)
		wantFrozen(t, site, id, true)
		test(t, site, id, site.LastEvent())
	})
}

// TestFrozenIsWarnedOf once, at its time, also by an engine that was started anew.
func TestFrozenIsWarnedOf(t *testing.T) {
	for _, restart := range []bool{false, true} {
		onFrozen(t, func(t *testing.T, site *sitetest.Site, id model.ID, since int64) {
			site.Pass(4 * time.Minute)
			if restart {
				site.Kill()
				site.Start()
				site.Connected()
			}
			wantEvents(t, site, id, since)
			wantFrozen(t, site, id, true)
			site.Pass(90 * time.Second)
			wantEvents(t, site, id, since, 20031)
			site.Pass(24 * time.Hour)
			wantEvents(t, site, id, since, 20031)
			site.Do("thawfilesystems", id, nil)
			site.Do("freezefilesystems", id, nil)
			site.Pass(6 * time.Minute)
			wantEvents(t, site, id, since, 20031, 10768, 10767, 20031)
		})
	}
}

// TestFoundThawed: what happens inside the guest, or to it, is found out.
func TestFoundThawed(t *testing.T) {
	for name, happen := range map[string]func(site *sitetest.Site, machine *fake.Machine){
		"thawed inside": func(_ *sitetest.Site, machine *fake.Machine) { machine.Thaw("vm") },
		"reset":         func(_ *sitetest.Site, machine *fake.Machine) { machine.Reset("vm") },
		"while no engine was there": func(site *sitetest.Site, machine *fake.Machine) {
			site.Kill()
			machine.Thaw("vm")
			site.Pass(time.Second)
			site.Start()
			site.Connected()
		},
	} {
		t.Run(name, func(t *testing.T) {
			onFrozen(t, func(t *testing.T, site *sitetest.Site, id model.ID, since int64) {
				happen(site, site.Machine(id))
				site.Pass(2 * time.Minute)
				wantFrozen(t, site, id, false)
				if events := site.Events(id, since); !slices.Contains(events, 20030) {
					t.Errorf("events %v", events)
				}
			})
		})
	}
}

// TestThawedFirst: a frozen guest is thawed before it is asked to end, or saved.
func TestThawedFirst(t *testing.T) {
	for action, want := range map[string]model.Status{
		"shutdown": model.StatusDown, "suspend": model.StatusSuspended, "reboot": model.StatusUp, "stop": model.StatusDown,
	} {
		t.Run(action, func(t *testing.T) {
			onFrozen(t, func(t *testing.T, site *sitetest.Site, id model.ID, since int64) {
				site.Do(action, id, nil)
				site.UntilStatus(id, sitetest.Soon, want)
				if !site.VM(id).Run.Frozen.IsZero() {
					t.Error("it is recorded as frozen")
				}
				if events := site.Events(id, since); !slices.Contains(events, 10768) {
					t.Errorf("events %v", events)
				}
				if want == model.StatusSuspended {
					up(site, id, nil)
				}
				if want != model.StatusDown {
					wantFrozen(t, site, id, false)
				}
			})
		})
	}
}

// TestSuspendedFrozen: a guest whose agent is silent is saved as it is, and that is
// remembered until it is thawed.
func TestSuspendedFrozen(t *testing.T) {
	onFrozen(t, func(t *testing.T, site *sitetest.Site, id model.ID, since int64) {
		site.World.Behave("vm", fake.Behavior{AgentHangs: true})
		site.Do("suspend", id, nil)
		site.Pass(time.Hour)
		wantEvents(t, site, id, since, 501, 10770, 503)
		site.World.Behave("vm", fake.Behavior{})
		up(site, id, nil)
		wantFrozen(t, site, id, true)
		site.Do("thawfilesystems", id, nil)
		wantFrozen(t, site, id, false)
	})
}

// TestShutdownFrozen: a guest whose agent is silent cannot shut down; it can be
// stopped, and its next run is not frozen.
func TestShutdownFrozen(t *testing.T) {
	onFrozen(t, func(t *testing.T, site *sitetest.Site, id model.ID, since int64) {
		site.World.Behave("vm", fake.Behavior{AgentHangs: true})
		site.Do("shutdown", id, nil)
		site.Pass(6 * time.Minute)
		if events := site.Events(id, since); !slices.Contains(events, 10770) || !slices.Contains(events, 147) {
			t.Errorf("events %v", events)
		}
		if site.Status(id) != model.StatusUp {
			t.Errorf("it is %s", site.Status(id))
		}
		begun := time.Now()
		site.Do("stop", id, nil)
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("a silent agent has held the power-off up for %v", took)
		}
		site.World.Behave("vm", fake.Behavior{})
		up(site, id, nil)
		wantFrozen(t, site, id, false)
	})
}
