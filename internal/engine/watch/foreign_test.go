package watch_test

import (
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/model"
	"vireo/internal/store"
)

// copied makes a second engine on a copy of the data as it is now, with the same
// hosts.
func copied(t *testing.T, site *sitetest.Site, restored bool) *sitetest.Site {
	t.Helper()
	dir := t.TempDir()
	if err := site.Store.Backup(t.Context(), dir+"/backup"); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(dir+"/backup", dir+"/vireo.db"); err != nil {
		t.Fatal(err)
	}
	other := sitetest.New(t, sitetest.Options{Dir: dir, In: site.World, Restored: restored})
	other.Connected()
	return other
}

// deedsOf counts the calls that change a guest.
func deedsOf(world *fake.World, guest string) (count int) {
	for _, call := range []string{"Boot", "Restore", "Destroy", "Forget", "Pause", "Resume", "Save", "PressPower", "Reboot", "AgentShutdown"} {
		count += world.CountCalls(call, guest)
	}
	return count
}

// TestCopiedData: two engines go on from the same data. The one that starts a VM
// has it; for the other it is unknown, with one alert, and never touched.
func TestCopiedData(t *testing.T) {
	for _, seen := range []bool{true, false} {
		inBubble(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
			id := site.Add("vm")
			var other *sitetest.Site
			if seen { // the other hears of the start
				other = copied(t, site, false)
				other.Do("start", id, nil)
			} else { // or finds it when it comes
				site.Stop()
				other = copiedAtRest(t, site)
				other.Do("start", id, nil)
				site.Start()
				site.Connected()
			}
			other.UntilStatus(id, sitetest.Soon, model.StatusUp)
			site.UntilStatus(id, sitetest.Soon, model.StatusUnknown)
			before := deedsOf(site.World, "vm")
			for _, name := range []string{"start", "stop", "shutdown", "suspend", "reboot", "remove"} {
				if _, err := site.Act(&engine.Call{On: model.KindVM, Name: name, Target: id}); !fault.Is(err, fault.Conflict) {
					t.Errorf("%s of the other's guest: %v", name, err)
				}
			}
			site.Pass(time.Hour)
			site.World.Machine(h1).Cut()
			site.Pass(time.Minute)
			if status := site.Status(id); status != model.StatusUnknown || deedsOf(site.World, "vm") != before {
				t.Errorf("later it is %s, after %d deeds", status, deedsOf(site.World, "vm")-before)
			}
			alerts := 0
			for _, code := range site.Events(id, 0) {
				if code == int(audit.ForeignEpoch) {
					alerts++
				}
			}
			if alerts != 1 {
				t.Errorf("%d alerts", alerts)
			}
			// When the other is done with it, it can be used here again.
			other.Do("stop", id, nil)
			site.UntilStatus(id, sitetest.Soon, model.StatusDown)
			site.Whole(sitetest.Soon)
			other.Stop()
		})
	}
}

func copiedAtRest(t *testing.T, site *sitetest.Site) *sitetest.Site {
	t.Helper()
	site.Start()
	other := copied(t, site, false)
	site.Stop()
	return other
}

// TestCopiedDataOfARunningVM: both think that the guest is theirs, and it is of
// the run that both have recorded. Once one of them has started it anew, the other
// knows that it is not its own.
func TestCopiedDataOfARunningVM(t *testing.T) {
	inBubble(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		id := site.Reach("vm", model.StatusUp)
		other := copied(t, site, false)
		other.UntilStatus(id, sitetest.Soon, model.StatusUp)
		other.Do("stop", id, nil)
		site.UntilStatus(id, sitetest.Soon, model.StatusDown)
		other.Do("start", id, nil)
		other.UntilStatus(id, sitetest.Soon, model.StatusUp)
		site.UntilStatus(id, sitetest.Soon, model.StatusUnknown)
		if got := site.World.Violations(); len(got) > 0 {
			t.Error(got)
		}
		other.Stop()
	})
}

// TestStartBesideAForeignGuest: a guest that the engine has not heard of yet makes
// the start fail; it is neither ended nor started a second time on another host.
func TestStartBesideAForeignGuest(t *testing.T) {
	hosts := []fake.MachineSpec{{Address: h1}, {Address: sitetest.Host(2)}}
	for _, ours := range []bool{true, false} {
		inBubble(t, sitetest.Options{Hosts: hosts}, func(t *testing.T, site *sitetest.Site) {
			id := site.Add("vm", func(vm *model.VM) { vm.Memory = 300 << 20 })
			machine := site.World.Machine(h1)
			spec := &host.GuestSpec{
				ID: id, Name: "vm", Engine: "another", Epoch: 1 << 40, Memory: 64 << 20,
				Topology: model.Topology{Sockets: 1, Cores: 1, Threads: 1},
			}
			// It comes while the engine is about to start the VM there.
			site.World.Fail(fake.Rule{Call: "Boot", Nth: 1, Do: func() { machine.AddGuest(spec, ours) }})
			_, err := site.Act(&engine.Call{On: model.KindVM, Name: "start", Target: id, Async: new(false)})
			if fault.Of(err).Code != fault.HostFailed {
				t.Errorf("the start: %v", err)
			}
			if running := site.World.Running(id); !slices.Equal(running, []string{h1}) {
				t.Errorf("the guest runs on %v", running)
			}
			if site.World.CountCalls("Destroy", "") != 0 || site.World.CountCalls("Boot", "") != 1 {
				t.Error("the foreign guest was ended, or another host was tried")
			}
		})
	}
}

// TestStartedBehindOurBack: a definition that was left is started by somebody. It
// is of the recorded run, and the VM is up again.
func TestStartedBehindOurBack(t *testing.T) {
	inBubble(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		id := site.Reach("vm", model.StatusUp)
		site.World.Fail(fake.Rule{Call: "Forget", Error: fake.Refuse(host.RefusedOther, "not now")})
		site.Do("stop", id, nil)
		since := site.LastEvent()
		site.World.Machine(h1).StartGuest("vm")
		site.UntilStatus(id, quick, model.StatusUp)
		wantEvents(t, site, id, since, audit.Adopted)
		site.World.ClearRules()
		site.Whole(sitetest.Soon)
	})
}

// TestRestoredBackup: guests of later runs than the backup knows are taken over.
func TestRestoredBackup(t *testing.T) {
	inBubble(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		down, up := site.Add("was-down"), site.Reach("was-up", model.StatusUp, func(vm *model.VM) { vm.Lease = sitetest.DataDomain })
		site.Stop()
		site.Start()
		dir := t.TempDir()
		if err := site.Store.Backup(t.Context(), dir+"/vireo.db"); err != nil {
			t.Fatal(err)
		}
		site.Do("start", down, nil)
		site.Do("stop", up, nil)
		site.Do("start", up, nil)
		site.UntilStatus(up, sitetest.Soon, model.StatusUp)
		site.UntilStatus(down, sitetest.Soon, model.StatusUp)
		site.Kill()
		restored := sitetest.New(t, sitetest.Options{Dir: dir, In: site.World, Restored: true})
		restored.UntilStatus(down, sitetest.Soon, model.StatusUp)
		restored.UntilStatus(up, sitetest.Soon, model.StatusUp)
		restored.Until(sitetest.Soon, "it is told that nothing is known of its lease", func() bool {
			return slices.Contains(restored.Events(up, 0), int(audit.LeaseNotHeld)) && restored.VM(up).Run.Lease == nil
		})
		for _, id := range []model.ID{down, up} {
			if running := site.World.Running(id); !slices.Equal(running, []string{h1}) {
				t.Errorf("its guest runs on %v", running)
			}
			restored.Do("stop", id, nil)
		}
		if got := site.World.Violations(); len(got) > 0 {
			t.Error(got)
		}
	})
}

// TestTwoEnginesOnOneState: the second is told who has it.
func TestTwoEnginesOnOneState(t *testing.T) {
	inBubble(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		err := site.TryOpen()
		if held, ok := errors.AsType[*store.HeldError](err); !ok || held.Holder == "" {
			t.Errorf("the second engine: %v", err)
		}
	})
}

// TestFencedEngine: an engine that has lost the right to write while a start waited
// for the host starts nothing when the host is back, and neither writes nor does
// anything else to guests.
func TestFencedEngine(t *testing.T) {
	for verb, call := range map[string]string{
		"start": "Boot", "stop": "Destroy", "shutdown": "AgentShutdown",
		"reboot": "AgentShutdown", "suspend": "Save",
	} {
		t.Run(verb, func(t *testing.T) {
			inBubble(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
				status := model.StatusUp
				if verb == "start" {
					status = model.StatusDown
				}
				id := site.Reach("vm", status)
				machine := site.World.Machine(h1)
				site.World.Fail(fake.Rule{Call: call, Nth: 1, Cut: true, Do: machine.Disappear})
				site.Begin(&engine.Call{On: model.KindVM, Name: verb, Target: id})
				site.Pass(time.Second)
				if err := site.Store.Close(); err != nil {
					t.Fatal(err)
				}
				before := deedsOf(site.World, "vm")
				was := site.VM(id)
				machine.Answer()
				site.Pass(time.Hour)
				if after := deedsOf(site.World, "vm"); after != before {
					t.Errorf("it did %d things to the guest", after-before)
				}
				if site.VM(id) != was {
					t.Error("it changed the VM")
				}
				if _, err := site.Act(&engine.Call{On: model.KindVM, Name: "start", Target: id}); err == nil {
					t.Error("it accepts commands")
				}
				site.Kill()
				site.Start()
				site.Whole(time.Hour)
			})
		})
	}
}
