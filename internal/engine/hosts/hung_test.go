package hosts_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/model"
)

// hung is how many hosts do not answer in TestHungHosts.
const hung = 10

// TestHungHosts: hosts that hang, in calls and at connections, slow nobody else. All
// that is asked of the one that answers is done as fast as if they were not there, and
// its events come at once.
func TestHungHosts(t *testing.T) {
	var machines []fake.MachineSpec
	for i := range hung + 1 {
		machines = append(machines, fake.MachineSpec{Address: sitetest.Host(i + 1)})
	}
	inBubble(t, sitetest.Options{Hosts: machines}, func(w *world) {
		// A VM on each of those that will hang, and one where all is well.
		good := sitetest.HostID(hung + 1)
		on := map[model.ID]model.ID{}
		for i := range hung + 1 {
			id := w.Add("vm"+string(rune('a'+i)), func(vm *model.VM) { vm.Placement.Hosts = []model.ID{sitetest.HostID(i + 1)} })
			w.Do("start", id, nil)
			w.UntilStatus(id, time.Minute, model.StatusUp)
			on[sitetest.HostID(i+1)] = id
		}
		well := on[good]
		quick := func(what string, do func()) time.Duration {
			begun := time.Now()
			do()
			took := time.Since(begun)
			t.Logf("%s: %v", what, took)
			return took
		}
		work := func() map[string]time.Duration {
			return map[string]time.Duration{
				"a stop": quick("a stop", func() { w.Do("stop", well, nil) }),
				"a start": quick("a start", func() {
					w.Do("start", well, nil)
					w.UntilStatus(well, time.Minute, model.StatusUp)
				}),
				"an event": quick("an event", func() {
					w.Machine(well).PauseGuest(w.VM(well).Name)
					w.UntilStatus(well, time.Minute, model.StatusPaused)
				}),
				"another event": quick("another event", func() {
					w.Machine(well).ResumeGuest(w.VM(well).Name)
					w.UntilStatus(well, time.Minute, model.StatusUp)
				}),
				"figures": quick("figures", func() {
					if err := w.Watcher.Sample(context.Background(), good); err != nil {
						t.Error(err)
					}
				}),
				"a refresh": quick("a refresh", func() { w.must("refresh", good, nil) }),
			}
		}
		before := work()
		for i := range hung {
			w.World.Machine(sitetest.Host(i + 1)).Mute()
		}
		// Each of them hangs in a call that somebody waits for.
		for i := range hung {
			w.Begin(&engine.Call{On: model.KindVM, Name: "stop", Target: on[sitetest.HostID(i+1)]})
		}
		w.World.AddMachine(fake.MachineSpec{Address: "fake://new"}).Mute()
		added := w.must("add", "", adding("new", "fake://new")) // hangs at its first connection
		synctest.Wait()
		for round := range 3 {
			for what, took := range work() {
				if slower := took - before[what]; slower > time.Second {
					t.Errorf("round %d: %s takes %v longer while %d hosts hang", round, what, slower, hung)
				}
			}
			time.Sleep(20 * time.Second) // they are found out, and reconnected to in vain
		}
		if status := w.host(added).Status; status == model.HostUp {
			t.Error("a host that does not answer is up")
		}
		w.Until(time.Hour, "the hung hosts are known to be", func() bool {
			return w.host(sitetest.HostID(1)).Status == model.HostNonResponsive && w.host(added).Status == model.HostInstallFailed
		})
		for i := range hung {
			w.World.Machine(sitetest.Host(i + 1)).Answer()
		}
		for i := range hung {
			w.UntilStatus(on[sitetest.HostID(i+1)], time.Hour, model.StatusDown) // the stops go on
		}
	})
}

// TestRefusals: a host that shows another key than the pinned one is not used, which is
// told; nor is one that does not let the engine in.
func TestRefusals(t *testing.T) {
	inBubble(t, sitetest.Options{}, func(w *world) {
		refuse := func(address string, code host.RefusalCode) {
			w.World.Fail(fake.Rule{Host: address, Call: "Connect", Error: &host.RefusedError{Code: code, Reason: "It has shown another key."}})
		}
		address := w.machine(2)
		refuse(address, host.RefusedLogin)
		before := w.LastEvent()
		id := w.must("add", "", adding("second", address))
		if on := w.is(id, model.HostInstallFailed); on.StatusDetail != "It has shown another key." {
			t.Errorf("the reason is %q", on.StatusDetail)
		}
		w.World.ClearRules()
		w.Until(time.Minute, "it is up", func() bool { return w.host(id).Status == model.HostUp })
		refuse(address, host.RefusedIdentity)
		w.World.Machine(address).Cut()
		w.Until(time.Minute, "it is given up", func() bool { return w.host(id).Status == model.HostNonOperational })
		time.Sleep(time.Hour)
		w.is(id, model.HostNonOperational)
		w.refused(fault.HostStatusWrong, "remove", id, nil)
		if told := w.told(before); told != "42 505 13 517" {
			t.Errorf("the events are %s", told)
		}
		w.World.ClearRules()
		w.Until(time.Minute, "it is up", func() bool { return w.host(id).Status == model.HostUp })
	})
}
