package fake_test

import (
	"errors"
	"slices"
	"testing"

	"vireo/internal/host"
	"vireo/internal/host/fake"
)

func seededSpec(name string) *host.GuestSpec {
	spec := newSpec(name)
	spec.Seeds = []host.Seed{{Name: "config", Drive: host.SeedCDROM, Image: []byte(name)}}
	return spec
}

// TestSeedsAreLeftWhereTheirStartBrokeOff lets a start end when only the seeds
// are there: nobody knows the guest, and Forget removes them.
func TestSeedsAreLeftWhereTheirStartBrokeOff(t *testing.T) {
	bubble(t, func(t *testing.T, world *fake.World, conn host.Host) {
		machine := world.Machine(local)
		world.Fail(fake.Rule{Call: fake.WriteSeeds, After: true, Cut: true})
		spec := seededSpec("vm")
		if err := conn.Boot(t.Context(), spec); !errors.Is(err, host.ErrUnreachable) {
			t.Fatalf("the boot that broke off: %v", err)
		}
		if world.CountCalls("Boot", "vm") != 0 || !slices.Contains(machine.Seeded(), spec.ID) || string(machine.Seeds(spec.ID)["config"]) != "vm" {
			t.Fatalf("seeds are left of %v", machine.Seeded())
		}
		again := connect(t, world)
		if _, err := again.Guest(t.Context(), spec.ID); !errors.Is(err, host.ErrNotFound) {
			t.Errorf("the guest: %v", err)
		}
		if err := again.Forget(t.Context(), spec.ID); err != nil {
			t.Fatal(err)
		}
		if left := machine.Seeded(); len(left) != 0 {
			t.Errorf("seeds are left of %v", left)
		}
	})
}

func TestRefusedStartLeavesNoSeeds(t *testing.T) {
	for _, call := range []string{fake.WriteSeeds, "Boot"} {
		bubble(t, func(t *testing.T, world *fake.World, conn host.Host) {
			machine := world.Machine(local)
			world.Fail(fake.Rule{Call: call, Nth: 1, Error: fake.Refuse(host.RefusedResource, "no space")})
			spec := seededSpec("vm")
			err := conn.Boot(t.Context(), spec)
			var refusal *host.RefusedError
			if !errors.As(err, &refusal) || refusal.Code != host.RefusedResource {
				t.Fatalf("%s: got %v", call, err)
			}
			if left := machine.Seeded(); len(left) != 0 {
				t.Errorf("%s: seeds are left of %v", call, left)
			}
			if err := conn.Boot(t.Context(), spec); err != nil {
				t.Fatal(err)
			}
			wantNoViolations(t, world)
		})
	}
}

// TestSeedsOfANamesake are not kept: the name belongs to another guest.
func TestSeedsOfANamesake(t *testing.T) {
	bubble(t, func(t *testing.T, world *fake.World, conn host.Host) {
		boot(t, conn, "vm")
		if err := conn.Boot(t.Context(), seededSpec("vm")); !errors.Is(err, host.ErrRefused) {
			t.Fatalf("got %v", err)
		}
		if left := world.Machine(local).Seeded(); len(left) != 0 {
			t.Errorf("seeds are left of %v", left)
		}
	})
}

// TestSeedsAreLostWithTheMachine: they are in its memory. Of a guest that
// somebody else removed they stay.
func TestSeedsAreLostWithTheMachine(t *testing.T) {
	bubble(t, func(t *testing.T, world *fake.World, conn host.Host) {
		machine := world.Machine(local)
		spec := seededSpec("vm")
		if err := conn.Boot(t.Context(), spec); err != nil {
			t.Fatal(err)
		}
		machine.ForgetGuest("vm")
		if !slices.Contains(machine.Seeded(), spec.ID) {
			t.Error("the seeds went with the definition")
		}
		machine.Restart("")
		if left := machine.Seeded(); len(left) != 0 {
			t.Errorf("seeds are left of %v", left)
		}
	})
}
