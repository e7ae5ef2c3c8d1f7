package watch_test

import (
	"testing"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/fault"
	"vireo/internal/host/fake"
	"vireo/internal/model"
)

// silences are the ways in which a host does not answer.
var silences = map[string]func(*fake.Machine){"gone": (*fake.Machine).Disappear, "mute": (*fake.Machine).Mute}

func hostStatus(site *sitetest.Site) model.HostStatus {
	on, _ := site.Inventory.Hosts.Get(sitetest.HostID(1))
	return on.Status
}

// TestSilentHost: silence makes VMs unknown and never down, nothing is started
// elsewhere, and all is restored when the host answers.
func TestSilentHost(t *testing.T) {
	for name, silence := range silences {
		for _, status := range []model.Status{
			model.StatusUp, model.StatusPaused, model.StatusPoweringUp,
			model.StatusRebootInProgress, model.StatusPoweringDown, model.StatusNotResponding,
		} {
			t.Run(name+"/"+string(status), func(t *testing.T) {
				hosts := []fake.MachineSpec{{Address: h1}, {Address: sitetest.Host(2)}}
				inBubble(t, sitetest.Options{Hosts: hosts}, func(t *testing.T, site *sitetest.Site) {
					id := site.Reach("vm", status, func(vm *model.VM) { vm.Placement.Hosts = []model.ID{sitetest.HostID(1)} })
					down := site.Add("other")
					since := site.LastEvent()
					machine := site.World.Machine(h1)
					silence(machine)
					site.UntilStatus(id, 2*time.Minute, model.StatusUnknown)
					if hostStatus(site) != model.HostNonResponsive {
						t.Errorf("the host is %s", hostStatus(site))
					}
					site.Pass(time.Hour)
					if now := site.Status(id); now != model.StatusUnknown || site.Status(down) != model.StatusDown {
						t.Errorf("later the VM is %s and the other %s", now, site.Status(down))
					}
					_, err := site.Act(&engine.Call{On: model.KindVM, Name: "start", Target: id})
					if fault.Of(err).Code != fault.VMStatusIllegal {
						t.Errorf("a start meanwhile: %v", err)
					}
					if name == "mute" {
						machine.Mute() // its connections were lost long ago
					}
					machine.Answer()
					// A monitor that hung and a guest that was coming up are seen anew.
					site.UntilStatus(id, 2*sitetest.Soon, status, model.StatusUp)
					if events := site.Events(id, since); len(events) < 2 || events[0] != int(audit.SetUnknown) ||
						events[1] != int(audit.StatusRestored) {
						t.Errorf("events %v", events)
					}
					site.Whole(10 * time.Minute)
				})
			})
		}
	}
}

// TestSilentHostAcrossRestarts: an engine that starts while the host is silent
// knows no more than the one before.
func TestSilentHostAcrossRestarts(t *testing.T) {
	for _, before := range []bool{true, false} {
		inBubble(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
			id := site.Reach("vm", model.StatusUp)
			machine := site.World.Machine(h1)
			if before {
				machine.Disappear()
				site.UntilStatus(id, time.Minute, model.StatusUnknown)
			}
			site.Kill()
			machine.Disappear()
			site.Start()
			site.UntilStatus(id, 35*time.Second, model.StatusUnknown)
			site.Pass(time.Minute)
			machine.Answer()
			site.UntilStatus(id, 10*time.Second, model.StatusUp)
			site.Whole(sitetest.Soon)
		})
	}
}

// TestShortSilence: a host that comes back in time was never anything but up, for
// its VMs.
func TestShortSilence(t *testing.T) {
	inBubble(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		id := site.Reach("vm", model.StatusUp)
		since := site.LastEvent()
		site.World.Machine(h1).RestartDaemon(20 * time.Second)
		for range 30 {
			site.Pass(time.Second)
			if status := site.Status(id); status != model.StatusUp {
				t.Fatalf("the VM is %s", status)
			}
		}
		wantEvents(t, site, id, since)
		site.Whole(sitetest.Soon)
	})
}

// TestEndDuringSilence: what happened to guests meanwhile is found out after it.
func TestEndDuringSilence(t *testing.T) {
	for name, each := range map[string]struct {
		happen func(*fake.Machine)
		code   audit.Code
	}{
		"powered off": {func(m *fake.Machine) { m.PowerOff("vm") }, audit.Down},
		"killed":      {func(m *fake.Machine) { m.Kill("vm") }, audit.DownWithError},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
				id := site.Reach("vm", model.StatusUp)
				since := site.LastEvent()
				machine := site.World.Machine(h1)
				machine.Disappear()
				each.happen(machine)
				site.UntilStatus(id, time.Minute, model.StatusUnknown)
				machine.Answer()
				site.UntilStatus(id, 10*time.Second, model.StatusDown)
				wantEvents(t, site, id, since, audit.SetUnknown, each.code)
				site.Whole(sitetest.Soon)
			})
		})
	}
}

// TestHostRestarts: a host with a new boot id has lost its guests, whatever their
// status was, and whether the engine saw it or not.
func TestHostRestarts(t *testing.T) {
	for _, status := range []model.Status{
		model.StatusUp, model.StatusPaused, model.StatusPoweringUp,
		model.StatusRebootInProgress, model.StatusPoweringDown, model.StatusNotResponding, model.StatusUnknown,
	} {
		for name, restart := range map[string]func(*sitetest.Site){
			"at once": func(site *sitetest.Site) { site.World.Machine(h1).Restart("") },
			"after a while": func(site *sitetest.Site) {
				site.World.Machine(h1).Crash()
				site.Pass(5 * time.Minute)
				site.World.Machine(h1).Restart("")
			},
			"while the engine is away": func(site *sitetest.Site) {
				site.Kill()
				site.World.Machine(h1).Restart("")
				site.Start()
			},
		} {
			t.Run(string(status)+"/"+name, func(t *testing.T) {
				inBubble(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
					id := site.Reach("vm", status)
					since := site.LastEvent()
					restart(site)
					site.UntilStatus(id, 10*time.Second, model.StatusDown)
					events := site.Events(id, since)
					if len(events) < 2 || events[len(events)-2] != int(audit.HostRebooted) || events[len(events)-1] != int(audit.Down) {
						t.Errorf("events %v", events)
					}
					site.Whole(sitetest.Soon)
					site.Tidy(time.Minute)
					site.World.Behave("vm", fake.Behavior{})
					site.Do("start", id, nil)
					site.UntilStatus(id, sitetest.Soon, model.StatusUp)
				})
			})
		}
	}
}

// TestSuspendedVMSurvivesItsHost: its memory is in storage.
func TestSuspendedVMSurvivesItsHost(t *testing.T) {
	inBubble(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		id := site.Reach("vm", model.StatusUp)
		site.Pass(time.Hour)
		site.Do("suspend", id, nil)
		site.World.Machine(h1).Restart("")
		site.Pass(time.Minute)
		site.Do("start", id, nil)
		if uptime := site.World.Machine(h1).Uptime("vm"); uptime < time.Hour {
			t.Errorf("the guest has been up for %v only", uptime)
		}
		site.Whole(sitetest.Soon)
	})
}

// TestHungMonitor: not_responding for as long as the monitor is silent, and no
// longer; told once.
func TestHungMonitor(t *testing.T) {
	inBubble(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		id := site.Reach("vm", model.StatusUp)
		since := site.LastEvent()
		machine := site.World.Machine(h1)
		machine.HangMonitor("vm")
		site.Pass(20 * time.Second)
		if status := site.Status(id); status != model.StatusUp {
			t.Errorf("after 20s it is %s", status)
		}
		site.UntilStatus(id, time.Minute, model.StatusNotResponding)
		for range 10 {
			// Events come on, from the guest and from elsewhere.
			machine.LoseAgent("vm")
			machine.FindAgent("vm")
			site.Pass(30 * time.Second)
			if status := site.Status(id); status != model.StatusNotResponding {
				t.Fatalf("its monitor hangs and the VM is %s", status)
			}
		}
		machine.AnswerMonitor("vm")
		site.UntilStatus(id, time.Minute, model.StatusUp)
		wantEvents(t, site, id, since, audit.NotResponding, audit.StatusRestored)
		site.Whole(sitetest.Soon)
	})
}
