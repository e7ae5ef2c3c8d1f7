package watch_test

import (
	"testing"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine/sitetest"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/model"
)

// happening is something that happens to a guest, and what is to be seen of it.
type happening struct {
	name   string
	from   model.Status // empty: up
	happen func(*fake.Machine)
	status model.Status
	detail model.PauseDetail
	events []audit.Code
}

var happenings = []happening{
	{
		name: "the guest powers itself off", happen: func(m *fake.Machine) { m.PowerOff("vm") },
		status: model.StatusDown, events: []audit.Code{audit.Down},
	},
	{
		name: "QEMU is killed", happen: func(m *fake.Machine) { m.Kill("vm") },
		status: model.StatusDown, events: []audit.Code{audit.DownWithError},
	},
	{
		name: "the guest panics and is kept", happen: func(m *fake.Machine) { m.Panic("vm", true) },
		status: model.StatusPaused, detail: model.PauseEOther, events: []audit.Code{audit.GuestPanicked},
	},
	{
		name: "the guest panics and QEMU ends", happen: func(m *fake.Machine) { m.Panic("vm", false) },
		status: model.StatusDown, events: []audit.Code{audit.GuestPanicked, audit.DownWithError},
	},
	{
		name: "the watchdog pauses it", happen: func(m *fake.Machine) { m.Watchdog("vm", true) },
		status: model.StatusPaused, detail: model.PauseEOther, events: []audit.Code{audit.GuestWatchdog},
	},
	{
		name: "the watchdog resets it", happen: func(m *fake.Machine) { m.Watchdog("vm", false) },
		status: model.StatusUp, events: []audit.Code{audit.GuestWatchdog, audit.GuestRebooted},
	},
	{
		name: "the guest reboots itself", happen: func(m *fake.Machine) { m.Reset("vm") },
		status: model.StatusUp, events: []audit.Code{audit.GuestRebooted},
	},
	{
		name: "an I/O error", happen: func(m *fake.Machine) { m.IOError("vm", host.PauseIO, "/disk") },
		status: model.StatusPaused, detail: model.PauseEIO, events: []audit.Code{audit.PausedIO},
	},
	{
		name: "a full disk", happen: func(m *fake.Machine) { m.IOError("vm", host.PauseNoSpace, "/disk") },
		status: model.StatusPaused, detail: model.PauseENoSpc, events: []audit.Code{audit.PausedNoSpace},
	},
	{
		name: "a disk that may not be written", happen: func(m *fake.Machine) { m.IOError("vm", host.PausePerm, "/disk") },
		status: model.StatusPaused, detail: model.PauseEPerm, events: []audit.Code{audit.PausedPermission},
	},
	{name: "room again after a full disk", happen: func(m *fake.Machine) {
		m.IOError("vm", host.PauseNoSpace, "/disk")
		time.Sleep(time.Second)
		m.ResumeGuest("vm")
	}, status: model.StatusUp, events: []audit.Code{audit.PausedNoSpace, audit.Resumed}},
	{
		name: "paused behind our back", happen: func(m *fake.Machine) { m.PauseGuest("vm") },
		status: model.StatusPaused, detail: model.PauseNone, events: []audit.Code{audit.Paused},
	},
	{
		name: "resumed behind our back", from: model.StatusPaused, happen: func(m *fake.Machine) { m.ResumeGuest("vm") },
		status: model.StatusUp, events: []audit.Code{audit.Resumed},
	},
	{
		name: "destroyed behind our back", happen: func(m *fake.Machine) { m.DestroyGuest("vm") },
		status: model.StatusDown, events: []audit.Code{audit.Down},
	},
	{
		name: "destroyed and undefined behind our back", happen: func(m *fake.Machine) { m.ForgetGuest("vm") },
		status: model.StatusDown, events: []audit.Code{audit.DownWithError},
	}, // nobody knows how it ended
	{
		name: "destroyed while it is paused", from: model.StatusPaused, happen: func(m *fake.Machine) { m.DestroyGuest("vm") },
		status: model.StatusDown, events: []audit.Code{audit.Down},
	},
	{
		name: "killed while it powers up", from: model.StatusPoweringUp, happen: func(m *fake.Machine) { m.Kill("vm") },
		status: model.StatusDown, events: []audit.Code{audit.DownWithError},
	},
	{
		name: "killed while it reboots", from: model.StatusRebootInProgress, happen: func(m *fake.Machine) { m.Kill("vm") },
		status: model.StatusDown, events: []audit.Code{audit.DownWithError},
	},
	{
		name: "killed while it powers down", from: model.StatusPoweringDown, happen: func(m *fake.Machine) { m.Kill("vm") },
		status: model.StatusDown, events: []audit.Code{audit.DownWithError},
	},
	{
		name: "killed while its monitor hangs", from: model.StatusNotResponding, happen: func(m *fake.Machine) { m.Kill("vm") },
		status: model.StatusDown, events: []audit.Code{audit.DownWithError},
	},
	{
		name: "paused while it powers up", from: model.StatusPoweringUp, happen: func(m *fake.Machine) { m.PauseGuest("vm") },
		status: model.StatusPaused, detail: model.PauseNone, events: []audit.Code{audit.Paused},
	},
	{name: "the connection is cut", happen: func(m *fake.Machine) { m.Cut() }, status: model.StatusUp},
	{name: "the daemon restarts", happen: func(m *fake.Machine) { m.RestartDaemon(3 * time.Second) }, status: model.StatusUp},
	{name: "the guest loses its agent and finds it again", happen: func(m *fake.Machine) {
		m.LoseAgent("vm")
		time.Sleep(time.Second)
		m.FindAgent("vm")
	}, status: model.StatusUp},
}

// TestHappenings wants what happens to a guest to be seen at once, and told once.
func TestHappenings(t *testing.T) {
	for _, each := range happenings {
		t.Run(each.name, func(t *testing.T) {
			inBubble(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
				id := bring(site, each.from)
				since := site.LastEvent()
				each.happen(site.World.Machine(h1))
				site.UntilStatus(id, quick, each.status)
				each.seen(t, site, id, since)
			})
		})
	}
}

// TestHappeningsMissed is the same while the daemon is away: no event comes, and
// the truth is found when it is back. A pause that is over has left no trace, and
// neither have a watchdog and a reset.
func TestHappeningsMissed(t *testing.T) {
	for _, each := range missable() {
		t.Run(each.name, func(t *testing.T) {
			inBubble(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
				id := bring(site, each.from)
				since := site.LastEvent()
				machine := site.World.Machine(h1)
				machine.Disappear()
				each.happen(machine)
				site.Pass(time.Second)
				machine.Answer()
				site.UntilStatus(id, sitetest.Soon, each.status)
				each.seen(t, site, id, since)
			})
		})
	}
}

// TestHappeningsWhileTheEngineIsAway is the same with no engine.
func TestHappeningsWhileTheEngineIsAway(t *testing.T) {
	for _, kill := range []bool{true, false} {
		for _, each := range missable() {
			name := "stopped/" + each.name
			if kill {
				name = "killed/" + each.name
			}
			t.Run(name, func(t *testing.T) {
				inBubble(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
					id := bring(site, each.from)
					since := site.LastEvent()
					if kill {
						site.Kill()
					} else {
						site.Stop()
					}
					each.happen(site.World.Machine(h1))
					site.Pass(time.Second)
					site.Start()
					site.UntilStatus(id, sitetest.Soon, each.status)
					each.seen(t, site, id, since)
				})
			})
		}
	}
}

// missable are the happenings that leave a trace.
func missable() []happening {
	var all []happening
	for _, each := range happenings {
		switch each.name {
		case "the guest panics and QEMU ends":
			each.events = []audit.Code{audit.DownWithError}
		case "the watchdog resets it", "the guest reboots itself", "room again after a full disk":
			each.events = nil
		case "the connection is cut", "the daemon restarts", "the guest loses its agent and finds it again":
			continue
		}
		all = append(all, each)
	}
	return all
}

func bring(site *sitetest.Site, from model.Status) model.ID {
	if from == "" {
		from = model.StatusUp
	}
	id := site.Reach("vm", from)
	site.Pass(time.Second)
	return id
}

func (h happening) seen(t *testing.T, site *sitetest.Site, id model.ID, since int64) {
	t.Helper()
	// A reset that passes by leads back to where it was: wait for the whole of it.
	site.Pass(2 * time.Second)
	site.UntilStatus(id, sitetest.Soon, h.status)
	vm := site.VM(id)
	if vm.Run.Detail != h.detail {
		t.Errorf("the detail is %q, want %q", vm.Run.Detail, h.detail)
	}
	if down := h.status == model.StatusDown; down != (vm.Run.Host == "") || down != !vm.Run.StopTime.IsZero() {
		t.Errorf("the VM is %s on host %q, stopped at %v", h.status, vm.Run.Host, vm.Run.StopTime)
	}
	wantEvents(t, site, id, since, h.events...)
	site.Whole(sitetest.Soon)
	site.Tidy(time.Minute)
	site.Whole(sitetest.Soon)
	wantEvents(t, site, id, since, h.events...)
}

// TestPowerOffInTwoSteps: a guest that has powered off is powering_down for as long
// as its QEMU holds its disks, and down only then.
func TestPowerOffInTwoSteps(t *testing.T) {
	inBubble(t, sitetest.Options{World: fake.Options{ReapDelay: 2 * time.Second}}, func(t *testing.T, site *sitetest.Site) {
		id := site.Reach("vm", model.StatusUp)
		site.World.Machine(h1).PowerOff("vm")
		site.UntilStatus(id, 100*time.Millisecond, model.StatusPoweringDown)
		for site.Status(id) == model.StatusPoweringDown {
			if len(site.World.Running(id)) == 0 {
				site.UntilStatus(id, time.Second, model.StatusDown)
				break
			}
			site.Pass(10 * time.Millisecond)
		}
		if running := site.World.Running(id); len(running) > 0 {
			t.Errorf("it is %s, and QEMU runs on %v", site.Status(id), running)
		}
		site.Whole(sitetest.Soon)
	})
}
