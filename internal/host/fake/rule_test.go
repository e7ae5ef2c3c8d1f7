package fake_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/host"
	"vireo/internal/host/fake"
)

// bubble runs a test in virtual time with a world of one machine and a
// connection to it.
func bubble(t *testing.T, test func(t *testing.T, world *fake.World, conn host.Host)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		world := newWorld(t)
		conn := connect(t, world)
		test(t, world, conn)
	})
}

func connect(t *testing.T, world *fake.World) host.Host {
	t.Helper()
	conn, err := world.Driver().Connect(t.Context(), local)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func boot(t *testing.T, conn host.Host, name string) *host.GuestSpec {
	t.Helper()
	spec := newSpec(name)
	if err := conn.Boot(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	return spec
}

func TestSecondBootOfOneGuestIsRefused(t *testing.T) {
	bubble(t, func(t *testing.T, world *fake.World, conn host.Host) {
		world.Fail(fake.Rule{Guest: "vm7", Call: "Boot", Nth: 2, Error: fake.Refuse(host.RefusedResource, "no memory")})
		boot(t, conn, "vm6")
		spec := boot(t, conn, "vm7")
		if err := conn.Destroy(t.Context(), spec.ID); err != nil {
			t.Fatal(err)
		}
		err := conn.Boot(t.Context(), spec)
		var refusal *host.RefusedError
		if !errors.As(err, &refusal) || refusal.Code != host.RefusedResource {
			t.Fatalf("the second boot: %v", err)
		}
		if _, err := conn.Guest(t.Context(), spec.ID); !errors.Is(err, host.ErrNotFound) {
			t.Errorf("a refused boot left the guest: %v", err)
		}
		if err := conn.Boot(t.Context(), spec); err != nil {
			t.Errorf("the third boot: %v", err)
		}
		if n := world.CountCalls("Boot", "vm7"); n != 3 {
			t.Errorf("%d boots of vm7 were recorded", n)
		}
		wantNoViolations(t, world)
	})
}

func TestRulesStrikeBeforeOrAfter(t *testing.T) {
	for _, test := range []struct {
		name string
		rule fake.Rule
		runs bool
		lost bool
		took time.Duration
		want error
	}{
		{"unreachable before", fake.Rule{Error: host.ErrUnreachable}, false, false, 0, host.ErrUnreachable},
		{"unreachable after", fake.Rule{Error: host.ErrUnreachable, After: true}, true, false, 0, host.ErrUnreachable},
		{"cut before", fake.Rule{Cut: true}, false, true, 0, host.ErrUnreachable},
		{"cut after", fake.Rule{Cut: true, After: true}, true, true, 0, host.ErrUnreachable},
		{"hang before", fake.Rule{Hang: true}, false, false, time.Minute, context.DeadlineExceeded},
		{"hang after", fake.Rule{Hang: true, After: true}, true, false, time.Minute, context.DeadlineExceeded},
		{"delay", fake.Rule{Delay: time.Second}, true, false, time.Second, nil},
		{"delay past the deadline", fake.Rule{Delay: time.Hour}, false, false, time.Minute, context.DeadlineExceeded},
		{"another guest", fake.Rule{Guest: "other", Hang: true}, true, false, 0, nil},
		{"another host", fake.Rule{Host: "fake://other", Hang: true}, true, false, 0, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, func(t *testing.T, world *fake.World, conn host.Host) {
				test.rule.Call = "Boot"
				world.Fail(test.rule)
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				spec := newSpec("vm")
				start := time.Now()
				if err := conn.Boot(ctx, spec); !errors.Is(err, test.want) {
					t.Errorf("got %v, want %v", err, test.want)
				}
				if took := time.Since(start); took != test.took {
					t.Errorf("it took %v, want %v", took, test.took)
				}
				if runs := len(world.Running(spec.ID)) == 1; runs != test.runs {
					t.Errorf("runs: %v, want %v", runs, test.runs)
				}
				if lost := closed(conn.Done()); lost != test.lost {
					t.Errorf("connection lost: %v, want %v", lost, test.lost)
				}
			})
		})
	}
}

func TestRulesCanBeTakenBackAndCallBack(t *testing.T) {
	bubble(t, func(t *testing.T, world *fake.World, conn host.Host) {
		struck := 0
		cancel := world.Fail(fake.Rule{Call: "Alive", Do: func() { struck = world.CountCalls("Alive", "") }})
		if err := conn.Alive(t.Context()); err != nil {
			t.Fatal(err)
		}
		if struck != 1 {
			t.Errorf("Do saw %d calls, want 1", struck)
		}
		cancel()
		_ = conn.Alive(t.Context())
		if struck != 1 {
			t.Error("the rule struck after it was taken back")
		}
		world.Fail(fake.Rule{Error: host.ErrUnreachable})
		if err := conn.Alive(t.Context()); !errors.Is(err, host.ErrUnreachable) {
			t.Errorf("a rule for everything: %v", err)
		}
		world.ClearRules()
		if err := conn.Alive(t.Context()); err != nil {
			t.Errorf("after all rules were taken back: %v", err)
		}
		calls := world.Calls()
		last := calls[len(calls)-2]
		if last.Name != "Alive" || last.Error == nil || last.Ended.IsZero() || last.Host != local {
			t.Errorf("the failed call was recorded as %+v", last)
		}
	})
}

// pass lets virtual time pass: whatever is to happen in it has happened then.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
