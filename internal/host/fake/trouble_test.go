package fake_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/host"
	"vireo/internal/host/fake"
)

func TestWhatCanHappenToAGuest(t *testing.T) {
	for _, test := range []struct {
		name   string
		happen func(*fake.Machine)
		state  host.State
		pause  host.Pause
		end    host.End
		events []host.EventKind
	}{
		{
			"powers itself off", func(m *fake.Machine) { m.PowerOff("vm") }, host.Off, "", host.EndShutdown,
			[]host.EventKind{host.EventAgentDisconnected, host.EventShuttingDown, host.EventStopped},
		},
		{
			"resets itself", func(m *fake.Machine) { m.Reset("vm") }, host.Running, "", "",
			[]host.EventKind{host.EventAgentDisconnected, host.EventReset, host.EventAgentConnected},
		},
		{
			"is killed", func(m *fake.Machine) { m.Kill("vm") }, host.Off, "", host.EndCrashed,
			[]host.EventKind{host.EventStopped},
		},
		{
			"panics and is kept", func(m *fake.Machine) { m.Panic("vm", true) }, host.Crashed, "", "",
			[]host.EventKind{host.EventAgentDisconnected, host.EventPanicked},
		},
		{
			"panics and ends", func(m *fake.Machine) { m.Panic("vm", false) }, host.Off, "", host.EndCrashed,
			[]host.EventKind{host.EventAgentDisconnected, host.EventPanicked, host.EventStopped},
		},
		{
			"has an I/O error", func(m *fake.Machine) { m.IOError("vm", host.PauseIO, "/d") }, host.Paused, host.PauseIO, "",
			[]host.EventKind{host.EventIOError, host.EventPaused},
		},
		{
			"has no space", func(m *fake.Machine) { m.IOError("vm", host.PauseNoSpace, "/d") }, host.Paused, host.PauseNoSpace, "",
			[]host.EventKind{host.EventIOError, host.EventPaused},
		},
		{
			"is paused by its watchdog", func(m *fake.Machine) { m.Watchdog("vm", true) }, host.Paused, host.PauseWatchdog, "",
			[]host.EventKind{host.EventWatchdog, host.EventPaused},
		},
		{
			"is reset by its watchdog", func(m *fake.Machine) { m.Watchdog("vm", false) }, host.Running, "", "",
			[]host.EventKind{host.EventWatchdog, host.EventAgentDisconnected, host.EventReset, host.EventAgentConnected},
		},
		{
			"is paused by somebody", func(m *fake.Machine) { m.PauseGuest("vm") }, host.Paused, host.PauseUser, "",
			[]host.EventKind{host.EventPaused},
		},
		{
			"is paused and resumed by somebody", func(m *fake.Machine) { m.PauseGuest("vm"); m.ResumeGuest("vm") }, host.Running, "", "",
			[]host.EventKind{host.EventPaused, host.EventResumed},
		},
		{
			"is destroyed by somebody", func(m *fake.Machine) { m.DestroyGuest("vm") }, host.Off, "", host.EndDestroyed,
			[]host.EventKind{host.EventStopped},
		},
		{
			"is destroyed and started by somebody", func(m *fake.Machine) { m.DestroyGuest("vm"); m.StartGuest("vm") }, host.Running, "", "",
			[]host.EventKind{host.EventStopped, host.EventStarted, host.EventAgentConnected},
		},
		{
			"loses its agent", func(m *fake.Machine) { m.LoseAgent("vm") }, host.Running, "", "",
			[]host.EventKind{host.EventAgentDisconnected},
		},
		{
			"ejects its medium", func(m *fake.Machine) { m.EjectCDROM("vm") }, host.Running, "", "",
			[]host.EventKind{host.EventMediumChanged},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, world *fake.World, conn host.Host) {
				spec := boot(t, conn, "vm")
				pass(time.Minute)
				events, err := conn.Watch(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				test.happen(world.Machine(local))
				var kinds []host.EventKind
				for range test.events {
					e := <-events
					kinds = append(kinds, e.Kind)
					if e.Kind == host.EventStopped && test.end != "" && e.End != test.end ||
						e.Kind == host.EventIOError && (e.Pause != test.pause || e.Path != "/d") {
						t.Errorf("event %+v", e)
					}
				}
				if !slices.Equal(kinds, test.events) {
					t.Errorf("events %v, want %v", kinds, test.events)
				}
				g, err := conn.Guest(t.Context(), spec.ID)
				if err != nil || g.State != test.state || g.Pause != test.pause || g.End != test.end {
					t.Errorf("the guest is %s, pause %q, end %q, %v", g.State, g.Pause, g.End, err)
				}
				synctest.Wait()
				select {
				case e := <-events:
					t.Errorf("one event too many: %+v", e)
				default:
				}
				wantNoViolations(t, world)
			})
		})
	}
}

func TestGuestsBehaveAsTold(t *testing.T) {
	state := func(t *testing.T, conn host.Host, spec *host.GuestSpec) host.State {
		pass(time.Minute)
		g, err := conn.Guest(t.Context(), spec.ID)
		if err != nil {
			t.Fatal(err)
		}
		return g.State
	}
	for _, test := range []struct {
		name     string
		behavior fake.Behavior
		ask      func(ctx context.Context, conn host.Host, spec *host.GuestSpec) error
		want     host.State
		code     host.RefusalCode
	}{
		{"obeys the agent", fake.Behavior{}, agentShutdown, host.Off, ""},
		{"obeys the button", fake.Behavior{}, pressPower, host.Off, ""},
		{"ignores the agent", fake.Behavior{IgnoreAgent: true}, agentShutdown, host.Running, ""},
		{"ignores the button", fake.Behavior{IgnorePower: true}, pressPower, host.Running, ""},
		{"has no agent", fake.Behavior{NoAgent: true}, agentShutdown, host.Running, host.RefusedAgent},
		{"has an agent that hangs", fake.Behavior{AgentHangs: true}, agentShutdown, host.Running, host.RefusedAgent},
		{"has no agent and obeys the button", fake.Behavior{NoAgent: true}, pressPower, host.Off, ""},
		{"boots while the button is pressed", fake.Behavior{AgentDelay: 3 * time.Minute}, pressPower, host.Running, ""},
		{"takes its time", fake.Behavior{ShutdownDelay: 3 * time.Minute}, pressPower, host.Running, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, world *fake.World, conn host.Host) {
				world.Behave("vm", test.behavior)
				world.Behave("", fake.Behavior{IgnoreAgent: true, IgnorePower: true})
				spec := boot(t, conn, "vm")
				if got := state(t, conn, spec); got != host.Running {
					t.Fatalf("it is %s", got)
				}
				err := test.ask(t.Context(), conn, spec)
				var refusal *host.RefusedError
				if errors.As(err, &refusal) && refusal.Code != test.code || (err != nil) != (test.code != "") {
					t.Errorf("asking: %v", err)
				}
				if got := state(t, conn, spec); got != test.want {
					t.Errorf("it is %s, want %s", got, test.want)
				}
			})
		})
	}
}

func agentShutdown(ctx context.Context, conn host.Host, spec *host.GuestSpec) error {
	return conn.AgentShutdown(ctx, spec.ID, false)
}

func pressPower(ctx context.Context, conn host.Host, spec *host.GuestSpec) error {
	return conn.PressPower(ctx, spec.ID)
}

func TestPausedGuestStandsStill(t *testing.T) {
	bubble(t, func(t *testing.T, world *fake.World, conn host.Host) {
		spec := newSpec("vm")
		spec.Paused = true
		if err := conn.Boot(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
		pass(time.Hour)
		if g, _ := conn.Guest(t.Context(), spec.ID); g.AgentConnected || world.Machine(local).Uptime("vm") != 0 {
			t.Error("a guest whose CPUs stand came up")
		}
		if err := conn.PressPower(t.Context(), spec.ID); err != nil {
			t.Fatal(err)
		}
		if err := conn.Resume(t.Context(), spec.ID); err != nil {
			t.Fatal(err)
		}
		pass(time.Minute)
		if g, _ := conn.Guest(t.Context(), spec.ID); !g.AgentConnected || g.State != host.Running {
			t.Errorf("a guest resumed is %+v", g)
		}
	})
}

func TestHungMonitorDelaysOnlyItsGuest(t *testing.T) {
	bubble(t, func(t *testing.T, world *fake.World, conn host.Host) {
		hung, healthy := boot(t, conn, "hung"), newSpec("healthy")
		healthy.Disks[0].Path = "/disks/other"
		if err := conn.Boot(t.Context(), healthy); err != nil {
			t.Fatal(err)
		}
		world.Machine(local).HangMonitor("hung")
		pass(time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := conn.Pause(ctx, hung.ID); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Pause of a hung guest: %v", err)
		}
		if err := conn.Pause(t.Context(), healthy.ID); err != nil {
			t.Errorf("Pause of a healthy guest: %v", err)
		}
		samples, err := conn.Stats(t.Context())
		if err != nil || len(samples) != 2 {
			t.Fatalf("%d samples, %v", len(samples), err)
		}
		for _, s := range samples {
			if s.Hung != (s.Guest == hung.ID) || s.Hung && s.Since < time.Minute {
				t.Errorf("sample %+v", s)
			}
		}
		if err := conn.Destroy(t.Context(), hung.ID); err != nil {
			t.Errorf("Destroy of a hung guest: %v", err)
		}
	})
}

func TestSaveIsUndoneWhenTheGuestEnds(t *testing.T) {
	dir := t.TempDir()
	bubble(t, func(t *testing.T, world *fake.World, conn host.Host) {
		spec := boot(t, conn, "vm")
		path := filepath.Join(dir, "state")
		time.AfterFunc(10*time.Millisecond, func() { world.Machine(local).Kill("vm") })
		if err := conn.Save(t.Context(), spec.ID, path); !errors.Is(err, host.ErrRefused) {
			t.Errorf("Save of a guest that ends: %v", err)
		}
		if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("its file is there: %v", err)
		}
	})
}

func TestSavedStateIsForOneRun(t *testing.T) {
	dir := t.TempDir()
	bubble(t, func(t *testing.T, world *fake.World, conn host.Host) {
		spec := boot(t, conn, "vm")
		path := filepath.Join(dir, "state")
		if err := conn.Save(t.Context(), spec.ID, path); err != nil {
			t.Fatal(err)
		}
		spec.Epoch++
		if err := conn.Boot(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
		if got := world.Violations(); len(got) != 1 {
			t.Errorf("a fresh boot beside a saved state: %q", got)
		}
		_ = conn.Destroy(t.Context(), spec.ID)

		// Another world finds the state in its file.
		other := fake.New(fake.Options{OpenAddresses: true})
		t.Cleanup(other.Close)
		conn, err := other.Driver().Connect(t.Context(), local)
		if err != nil {
			t.Fatal(err)
		}
		if err := conn.Restore(t.Context(), spec, path); err != nil {
			t.Fatal(err)
		}
		wantNoViolations(t, other)
		_ = conn.Destroy(t.Context(), spec.ID)
		if err := conn.Restore(t.Context(), spec, path); err != nil {
			t.Fatal(err)
		}
		if got := other.Violations(); len(got) != 1 {
			t.Errorf("a state restored twice: %q", got)
		}
	})
}

func TestSaveWithoutAFolderIsKeptInTheWorld(t *testing.T) {
	bubble(t, func(t *testing.T, world *fake.World, conn host.Host) {
		spec := boot(t, conn, "vm")
		const path = "/no/such/folder/state"
		for range 2 {
			if err := conn.Save(t.Context(), spec.ID, path); err != nil {
				t.Fatal(err)
			}
		}
		spec.Epoch++
		if err := conn.Restore(t.Context(), spec, path); err != nil {
			t.Fatal(err)
		}
		if err := conn.Save(t.Context(), spec.ID, path); !errors.Is(err, host.ErrRefused) {
			t.Errorf("Save onto another state: %v", err)
		}
		wantNoViolations(t, world)
	})
}

func TestForeignGuestsAreNotOurs(t *testing.T) {
	bubble(t, func(t *testing.T, world *fake.World, conn host.Host) {
		spec := newSpec("foreign")
		world.Machine(local).AddGuest(spec, false)
		g, err := conn.Guest(t.Context(), spec.ID)
		if err != nil || g.Ours || g.Engine != "" || g.State != host.Running {
			t.Errorf("the foreign guest is %+v, %v", g, err)
		}
		if err := conn.Boot(t.Context(), spec); !errors.Is(err, host.ErrRefused) {
			t.Errorf("Boot over a foreign guest: %v", err)
		}
		world.Machine(local).ForgetGuest("foreign")
		if _, err := conn.Guest(t.Context(), spec.ID); !errors.Is(err, host.ErrNotFound) {
			t.Errorf("a guest that somebody removed: %v", err)
		}
	})
}
