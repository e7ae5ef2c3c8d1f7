package fake_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/model"
)

func TestMuteMachineAnswersLaterOrIsLost(t *testing.T) {
	bubble(t, func(t *testing.T, world *fake.World, conn host.Host) {
		events, err := conn.Watch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		spec := boot(t, conn, "vm")
		machine := world.Machine(local)
		for range 3 { // defined, started, and the agent after its delay
			<-events
		}

		machine.Mute()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := conn.Alive(ctx); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, host.ErrUnreachable) {
			t.Errorf("a call to a mute machine: %v", err)
		}
		machine.PauseGuest("vm")
		time.AfterFunc(time.Second, machine.Answer)
		start := time.Now()
		if e := <-events; e.Kind != host.EventPaused || time.Since(start) != time.Second {
			t.Errorf("got %+v after %v, want the pause after 1s", e, time.Since(start))
		}
		if err := conn.Alive(t.Context()); err != nil {
			t.Errorf("after the machine answered: %v", err)
		}

		machine.Mute()
		start = time.Now()
		if err := conn.Alive(t.Context()); !errors.Is(err, host.ErrUnreachable) {
			t.Errorf("a call to a machine that stays mute: %v", err)
		}
		if took := time.Since(start); took != 25*time.Second {
			t.Errorf("it was lost after %v", took)
		}
		if _, open := <-events; open {
			t.Error("the events of a lost connection go on")
		}
		if got := world.Running(spec.ID); len(got) != 1 {
			t.Error("the guest did not run on")
		}
	})
}

func TestMachineThatDisappearedCannotBeReached(t *testing.T) {
	bubble(t, func(t *testing.T, world *fake.World, conn host.Host) {
		machine := world.Machine(local)
		machine.Disappear()
		if !closed(conn.Done()) {
			t.Error("the connection is not lost")
		}
		for _, address := range []string{local, "fake://elsewhere"} {
			if _, err := world.Driver().Connect(t.Context(), address); !errors.Is(err, host.ErrUnreachable) {
				t.Errorf("Connect to %s: %v", address, err)
			}
		}
		machine.Answer()
		connect(t, world)

		machine.RestartDaemon(time.Second)
		if _, err := world.Driver().Connect(t.Context(), local); !errors.Is(err, host.ErrUnreachable) {
			t.Errorf("Connect while the daemon restarts: %v", err)
		}
		pass(2 * time.Second)
		connect(t, world)
	})
}

func TestRestartedMachineHasLostItsGuests(t *testing.T) {
	bubble(t, func(t *testing.T, world *fake.World, conn host.Host) {
		before, _ := conn.BootID(t.Context())
		spec := boot(t, conn, "vm")
		world.Machine(local).Restart("second-boot")
		if !closed(conn.Done()) {
			t.Error("the connection outlived the machine")
		}
		conn = connect(t, world)
		after, err := conn.BootID(t.Context())
		if err != nil || after == before || after != "second-boot" {
			t.Errorf("the boot id was %q and is %q, %v", before, after, err)
		}
		g, err := conn.Guest(t.Context(), spec.ID)
		if err != nil || g.State != host.Off || g.End != host.EndUnknown {
			t.Errorf("the guest is %s, %q, %v", g.State, g.End, err)
		}
		if err := conn.Boot(t.Context(), spec); err != nil {
			t.Error(err)
		}
		wantNoViolations(t, world)
	})
}

func TestTwoCopiesOfAGuestAreAViolation(t *testing.T) {
	bubble(t, func(t *testing.T, world *fake.World, conn host.Host) {
		world.AddMachine(fake.MachineSpec{Address: "fake://two"})
		other, err := world.Driver().Connect(t.Context(), "fake://two")
		if err != nil {
			t.Fatal(err)
		}
		spec := boot(t, conn, "vm")
		wantNoViolations(t, world)
		if err := other.Boot(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
		if got := world.Running(spec.ID); fmt.Sprint(got) != "[fake://local fake://two]" {
			t.Errorf("it runs on %v", got)
		}
		if got := world.Violations(); len(got) != 2 { // the guest and its disk
			t.Errorf("violations: %q", got)
		}
	})
}

func TestOlderEpochIsAViolation(t *testing.T) {
	bubble(t, func(t *testing.T, world *fake.World, conn host.Host) {
		spec := boot(t, conn, "vm")
		_ = conn.Destroy(t.Context(), spec.ID)
		spec.Epoch--
		if err := conn.Boot(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
		if got := world.Violations(); len(got) != 1 {
			t.Errorf("violations: %q", got)
		}
	})
}

func TestOpenAddressesAreMachines(t *testing.T) {
	world := fake.New(fake.Options{OpenAddresses: true})
	defer world.Close()
	conn, err := world.Driver().Connect(t.Context(), "fake://anywhere")
	if err != nil {
		t.Fatal(err)
	}
	facts, err := conn.Facts(t.Context())
	if err != nil || facts.Hostname != "anywhere.example.org" {
		t.Errorf("facts %+v, %v", facts, err)
	}
}

func TestMemoryIsLimited(t *testing.T) {
	bubble(t, func(t *testing.T, world *fake.World, conn host.Host) {
		spec := newSpec("large")
		spec.Memory = 65 << 30
		err := conn.Boot(t.Context(), spec)
		var refusal *host.RefusedError
		if !errors.As(err, &refusal) || refusal.Code != host.RefusedResource {
			t.Errorf("a guest larger than its machine: %v", err)
		}
		boot(t, conn, "small")
		if free, total, err := conn.Memory(t.Context()); err != nil || total-free != 256<<20 {
			t.Errorf("free %d of %d, %v", free, total, err)
		}
	})
}

func TestTenThousandGuests(t *testing.T) {
	const count = 10_000
	start := time.Now()
	world := fake.New(fake.Options{AgentDelay: time.Millisecond})
	defer world.Close()
	world.AddMachine(fake.MachineSpec{Address: local, Memory: count << 30})
	conn := connect(t, world)
	events, err := conn.Watch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	specs := make([]*host.GuestSpec, count)
	for i := range specs {
		specs[i] = newSpec(fmt.Sprintf("vm%d", i))
		if err := conn.Boot(t.Context(), specs[i]); err != nil {
			t.Fatal(err)
		}
	}
	connected := map[model.ID]bool{}
	for e := range events {
		if e.Kind == host.EventAgentConnected {
			connected[e.Guest] = true
		}
		if len(connected) == count {
			break
		}
	}
	guests, err := conn.Guests(t.Context())
	if err != nil || len(guests) != count {
		t.Fatalf("%d guests, %v", len(guests), err)
	}
	samples, err := conn.Stats(t.Context())
	if err != nil || len(samples) != count {
		t.Fatalf("%d samples, %v", len(samples), err)
	}
	ports := map[int]bool{}
	for _, g := range guests {
		if ports[g.Console.Port] {
			t.Fatalf("port %d was given twice", g.Console.Port)
		}
		ports[g.Console.Port] = true
	}
	t.Logf("%d guests up and sampled in %v", count, time.Since(start))
	wantNoViolations(t, world)
}
