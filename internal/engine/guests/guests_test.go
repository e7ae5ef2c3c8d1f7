package guests_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/vms"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// TestReport: what the agent says is known of the guest, and its first sign of life makes the
// VM up.
func TestReport(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		site, vm := talking(t, false)
		up(site, vm)
		live := site.Engine.Live(vm)
		if live.FQDN != "web1.guests.example.org" || !slices.Equal(live.Applications, []string{"fake-agent-1.0", "fake-kernel-6.1"}) || live.User != "jim" {
			t.Errorf("the guest says %+v", live)
		}
		if live.Told.Memory == nil || live.Told.Memory.Total != 1<<30 || live.Told.Memory.Unused != 512<<20 {
			t.Errorf("the guest's memory is %+v", live.Told.Memory)
		}
		told := greetings(machine(site, 1).Told("web1"))
		if want := `map[{"__name__":"api-version","apiVersion":2}:1 {"__name__":"refresh","apiVersion":2}:1]`; told != want {
			// The refresh may have come before there was an agent.
			if want = `map[{"__name__":"api-version","apiVersion":2}:1]`; told != want {
				t.Errorf("the agent was told %s, want %s", told, want)
			}
		}
		site.Do("stop", vm, nil)
		site.UntilStatus(vm, sitetest.Soon, model.StatusDown)
		site.Pass(5 * time.Second)
		if live := site.Engine.Live(vm); live != nil && live.Told != nil || site.Engine.HearsAgent(vm) {
			t.Errorf("of a VM that is down %+v is known", live)
		}
		site.Whole(time.Minute)
	})
}

// TestTwoSources: where the engine's own agent has said something, that counts; and what it
// has not said, and all of it when it falls silent, is taken of the other one.
func TestTwoSources(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		site, vm := talking(t, true)
		up(site, vm)
		site.Until(time.Minute, "the other agent has answered", func() bool { return site.Engine.Live(vm).Asked != nil })
		live := func() *model.Live { return site.Engine.Live(vm) }
		if live().OS == nil || live().OS.Codename != "bookworm" {
			t.Errorf("what only the other one says is lost: %+v", live().OS)
		}
		machine(site, 1).Say("web1", []byte(`{"__name__":"fqdn","fqdn":"own.example.org"}`+"\n"+
			`{"__name__":"network-interfaces","interfaces":[{"name":"eth0","hw":"52:54:00:00:00:01","inet":["192.0.2.7"]}]}`+"\n"))
		site.Pass(2 * time.Second)
		if live().FQDN != "own.example.org" || len(live().IPs) != 1 || live().IPs[0].Address != "192.0.2.7" || len(live().Devices) != 1 {
			t.Errorf("the guest is known as %+v", live())
		}
		site.Pass(2 * time.Minute) // the other one has been asked again
		if live().FQDN != "own.example.org" {
			t.Errorf("the other agent's name has come back: %q", live().FQDN)
		}
		site.World.Behave("web1", fake.Behavior{})
		site.Pass(110 * time.Second)
		if !site.Engine.HearsAgent(vm) || live().User != "jim" {
			t.Error("it counts as silent too early")
		}
		site.Pass(20 * time.Second)
		if site.Engine.HearsAgent(vm) || live().Told != nil || live().User != "" || live().Applications != nil || live().FQDN != "web1.guests.example.org" {
			t.Errorf("after its silence %+v is known", live())
		}
		site.World.Behave("web1", fake.Behavior{EngineAgent: true})
		heard(site, vm)
		if live().User != "jim" {
			t.Errorf("when it speaks again %+v is known", live())
		}
		machine(site, 1).Say("web1", []byte("{\"__name__\":\"uninstalled\"}\n"))
		site.Until(3*time.Second, "it is gone", func() bool { return !site.Engine.HearsAgent(vm) })
	})
}

// TestMemory: the figures of the balloon driver win; without them the agent's count.
func TestMemory(t *testing.T) {
	live := &model.Live{
		Stats: model.VMStats{MemoryInstalled: 1 << 30, MemoryUsed: 1, MemoryFree: 2, MemoryCached: 3, MemoryBuffered: 4},
		Told:  &model.GuestReport{Memory: &model.GuestMemory{Total: 1 << 30, Unused: 256 << 20, Cached: 5, Buffered: 6}},
	}
	engine.JoinMemory(live, true)
	if live.Stats.MemoryUsed != 1 || live.Stats.MemoryFree != 2 {
		t.Errorf("the balloon's figures became %+v", live.Stats)
	}
	engine.JoinMemory(live, false)
	if want := (model.VMStats{MemoryInstalled: 1 << 30, MemoryUsed: 768 << 20, MemoryFree: 256 << 20, MemoryCached: 5, MemoryBuffered: 6}); live.Stats != want {
		t.Errorf("the agent's figures are %+v, want %+v", live.Stats, want)
	}
	live.Told.Memory.Unused = 1 << 40 // a lie
	engine.JoinMemory(live, false)
	if live.Stats.MemoryUsed != 0 {
		t.Errorf("a lie gives %+v", live.Stats)
	}
	live.Told = nil
	engine.JoinMemory(live, false)
}

// TestChannelComesBack: a connection that was lost, an engine that died, a daemon that
// refused for a while.
func TestChannelComesBack(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		site, vm := talking(t, false)
		up(site, vm)
		machine(site, 1).Cut()
		synctest.Wait()
		if machine(site, 1).HasChannel("web1") {
			t.Error("a channel has outlived its connection")
		}
		again := func(what string) {
			t.Helper()
			site.Until(time.Minute, what, func() bool { return machine(site, 1).HasChannel("web1") && site.Engine.HearsAgent(vm) })
		}
		again("the channel is open again after the loss")
		site.Kill()
		if machine(site, 1).HasChannel("web1") {
			t.Error("a channel has outlived its engine")
		}
		site.Start()
		again("the next engine has opened the channel")
		site.Stop()
		site.Start()
		again("the engine after that has opened the channel")
		heard(site, vm)
		if site.Engine.Live(vm).User != "jim" {
			t.Errorf("the next engine knows %+v", site.Engine.Live(vm))
		}

		refusing := site.World.Fail(fake.Rule{Call: "OpenChannel", Error: fake.Refuse(host.RefusedOther, "not now")})
		machine(site, 1).Cut()
		site.Pass(2 * time.Minute)
		tries := calls(site, "OpenChannel", vm)
		site.Pass(2 * time.Minute)
		if more := calls(site, "OpenChannel", vm) - tries; more < 3 || more > 6 {
			t.Errorf("it was tried %d times in two minutes", more)
		}
		refusing()
		again("the channel is open again after refusals")
	})
}

// TestWithoutPort: a guest that was started before there was such a port is left alone until
// its next run.
func TestWithoutPort(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		site, vm := talking(t, true)
		missing := site.World.Fail(fake.Rule{Call: "OpenChannel", Error: fake.Refuse(host.RefusedUnsupported, "no such port")})
		site.Do("start", vm, nil)
		site.Pass(10 * time.Minute)
		if tries := calls(site, "OpenChannel", vm); tries != 1 {
			t.Errorf("it was tried %d times", tries)
		}
		missing()
		site.Do("stop", vm, nil)
		up(site, vm)
	})
}

// TestMigration: the channel is on the host where the guest is.
func TestMigration(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		site, vm := talking(t, true)
		site.SecondHost()
		site.Connected()
		up(site, vm)
		from, to := 1, 9
		if !machine(site, 1).HasChannel(string(vm)) {
			from, to = 9, 1
		}
		if _, err := site.Act(&engine.Call{On: model.KindVM, Name: "migrate", Target: vm, Params: &vms.MigrateParams{}, Async: new(false)}); err != nil {
			t.Fatal(err)
		}
		site.Until(time.Minute, "the channel is open at the destination", func() bool {
			return machine(site, to).HasChannel(string(vm)) && site.Engine.HearsAgent(vm)
		})
		if machine(site, from).HasChannel(string(vm)) {
			t.Error("there is a channel where the guest came from")
		}
		if live := site.Engine.Live(vm); live == nil || live.User != "jim" {
			t.Errorf("after the migration %+v is known", live)
		}
		site.Whole(time.Minute)
	})
}

// TestHostileAgent: what an agent says costs no transaction, and one that floods is not
// listened to for a while.
func TestHostileAgent(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		site, vm := talking(t, true)
		up(site, vm)
		site.Pass(time.Minute)
		before := site.LastEvent()
		changed := site.Inventory.Changed()
		for _, said := range []string{
			"\n\n{}\nnull\n[]\n\xff\xfe\n", `{"__name__":"fqdn","fqdn":"` + strings.Repeat("x", 1<<20) + "\"}\n", strings.Repeat("[", 1<<19) + "\n",
			strings.Repeat(`{"__name__":"heartbeat"}`+"\n", 1000), `{"__name__":"active-user","name":"<script>\u0000"}` + "\n",
			`{"__name__":"heartbeat","memory-stat":{"mem_total":"-1","mem_unused":1e308}}` + "\n", "{\"__name__\":\"host-",
		} {
			machine(site, 1).Say("web1", []byte(said))
		}
		site.Pass(3 * time.Second)
		select {
		case <-changed:
			t.Error("something was written for what an agent says")
		default:
		}
		machine(site, 1).Say("web1", []byte("name\",\"name\":\"whole\"}\n"))
		site.Pass(3 * time.Second)
		if live := site.Engine.Live(vm); live.User != "<script>\uFFFD" || !site.Engine.HearsAgent(vm) {
			t.Errorf("the guest is known as %+v", live)
		}

		for _, flood := range [][]byte{bytes.Repeat([]byte("x"), 9<<20), []byte(strings.Repeat("{}\n", 6000))} {
			machine(site, 1).Say("web1", flood)
			site.Until(3*time.Second, "the flood is not listened to", func() bool { return !machine(site, 1).HasChannel("web1") })
			site.Pass(50 * time.Second)
			if machine(site, 1).HasChannel("web1") {
				t.Error("it is listened to too early")
			}
			site.Until(15*time.Second, "it is listened to again", func() bool { return machine(site, 1).HasChannel("web1") })
			heard(site, vm)
		}
		if told := site.Events(vm, before); !slices.Equal(told, []int{int(audit.AgentFloods)}) {
			t.Errorf("the events are %v", told)
		}
	})
}

// TestTell: what is told arrives, or the reason why not is known.
func TestTell(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		site, vm := talking(t, true)
		refused := func(what string) {
			t.Helper()
			err := site.Engine.TellAgent(t.Context(), vm, []byte("{}\n"))
			if reason, ok := errors.AsType[*host.RefusedError](err); !ok || reason.Code != host.RefusedAgent {
				t.Errorf("%s: %v", what, err)
			}
		}
		refused("a VM that is down")
		site.World.Behave("web1", fake.Behavior{})
		site.Do("start", vm, nil)
		site.Pass(10 * time.Second)
		refused("a guest without such an agent")
		site.World.Behave("web1", fake.Behavior{EngineAgent: true})
		heard(site, vm)
		line := fmt.Sprintf(`{"__name__":"echo","word":%q}`, "hello")
		if err := site.Engine.TellAgent(t.Context(), vm, []byte(line+"\n")); err != nil {
			t.Error(err)
		}
		if told := machine(site, 1).Told("web1"); !slices.Contains(told, line) {
			t.Errorf("it was told %q", told)
		}
		answering := site.World.Fail(fake.Rule{Call: "Send", Hang: true})
		short, cancel := contextFor(t, time.Second)
		defer cancel()
		if err := site.Engine.TellAgent(short, vm, []byte("{}\n")); !errors.Is(err, host.ErrUnreachable) {
			t.Errorf("a host that is silent: %v", err)
		}
		answering()
		machine(site, 1).Disappear()
		site.Pass(time.Minute)
		refused("a host that is out of reach")
		machine(site, 1).Answer()
	})
}

// TestManyAgents: when an engine starts, or a host is connected again, all agents are heard
// soon, however many there are.
func TestManyAgents(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		site := sitetest.New(t, sitetest.Options{})
		site.Connected()
		var all []model.ID
		for i := range 40 {
			name := fmt.Sprintf("web%d", i)
			site.World.Behave(name, fake.Behavior{EngineAgent: true, NoAgent: true})
			vm := site.Add(name)
			site.Edit(func(tx *inventory.Tx) {
				edited, _ := tx.VMs.Edit(vm)
				edited.Memory, edited.GuaranteedMemory = 1<<20, 1<<20
			})
			site.Do("start", vm, nil)
			all = append(all, vm)
		}
		hear := func(what string) {
			t.Helper()
			site.Until(15*time.Second, what, func() bool {
				return !slices.ContainsFunc(all, func(vm model.ID) bool { return !site.Engine.HearsAgent(vm) })
			})
		}
		hear("all are heard")
		// Opening takes a moment.
		slow := site.World.Fail(fake.Rule{Call: "OpenChannel", Delay: 200 * time.Millisecond})
		site.Kill()
		site.Start()
		hear("the next engine hears all")
		machine(site, 1).Cut()
		synctest.Wait()
		hear("all are heard again")
		slow()
	})
}

// TestDeafAgent: what a guest is told on one channel is bounded, for it may read nothing;
// and an agent that says ever another version is answered once.
func TestDeafAgent(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		site, vm := talking(t, true)
		up(site, vm)
		before, opened := len(machine(site, 1).Told("web1")), calls(site, "OpenChannel", vm)
		for version := range 40 {
			machine(site, 1).Say("web1", fmt.Appendf(nil, `{"__name__":"heartbeat","apiVersion":%d}`+"\n", version%3))
			site.Pass(1100 * time.Millisecond)
		}
		if told := len(machine(site, 1).Told("web1")) - before; told > 2 {
			t.Errorf("it was answered %d times", told)
		}
		for range 70 {
			if err := site.Engine.TellAgent(t.Context(), vm, []byte("{}\n")); err != nil {
				t.Fatal(err)
			}
		}
		site.Until(10*time.Second, "the channel is opened anew", func() bool { return calls(site, "OpenChannel", vm) > opened })
		heard(site, vm)
	})
}
