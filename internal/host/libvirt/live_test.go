package libvirt

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vireo/internal/host"
	"vireo/internal/model"
)

// The tests in the files *_live_test.go run on a real libvirt daemon with real
// QEMU guests, as root. They fail where there is none.

const (
	testAddress = "qemu:///system"
	// namePrefix begins the names of all guests that these tests make.
	namePrefix = "vireo-libvirt-test-"
	// patience is for things that take a second or two on an idle machine.
	patience = 4 * time.Minute
)

func testContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func testDriver(t *testing.T) Driver {
	return Driver{Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
}

func connect(t *testing.T) *hypervisor {
	t.Helper()
	connected, err := testDriver(t).Connect(testContext(t), testAddress)
	if err != nil {
		t.Fatalf("these tests need libvirt: %v", err)
	}
	t.Cleanup(func() { connected.Close() })
	return connected.(*hypervisor)
}

// plainSpec is a small guest that stays in its firmware.
func plainSpec(t *testing.T, h host.Host) *host.GuestSpec {
	t.Helper()
	id := model.NewID()
	spec := &host.GuestSpec{
		ID: id, Name: namePrefix + string(id[:8]), Engine: model.NewID(), Epoch: 1,
		Emulate: true, Memory: 128 << 20,
		Topology:   model.Topology{Sockets: 1, Cores: 1, Threads: 1},
		Boot:       []model.BootDevice{model.BootHardDisk},
		Display:    model.DisplayVNC,
		Ballooning: true,
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := h.Destroy(ctx, id); err != nil && !errors.Is(err, host.ErrUnreachable) {
			t.Errorf("cleaning up: %v", err)
		}
		if err := h.Forget(ctx, id); err != nil && !errors.Is(err, host.ErrUnreachable) {
			t.Errorf("cleaning up: %v", err)
		}
	})
	return spec
}

// guestFile is a file of the small Linux guest that is built for tests.
func guestFile(t *testing.T, name string) string {
	t.Helper()
	folder := os.Getenv("VIREO_TEST_GUEST")
	if folder == "" {
		folder = "/var/cache/vireo/guest"
	}
	path := filepath.Join(folder, name)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("these tests need the small guest: %v", err)
	}
	return path
}

// linuxSpec is a small guest that runs Linux with a guest agent.
func linuxSpec(t *testing.T, h host.Host) *host.GuestSpec {
	t.Helper()
	spec := plainSpec(t, h)
	spec.Kernel, spec.Initrd = guestFile(t, "vmlinuz-guest"), guestFile(t, "initrd-guest.img")
	spec.Cmdline = "console=ttyS0 quiet no_timer_check panic=-1"
	spec.SerialConsole = true
	return spec
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func boot(t *testing.T, h host.Host, spec *host.GuestSpec) host.Guest {
	t.Helper()
	must(t, h.Boot(testContext(t), spec))
	return look(t, h, spec.ID)
}

func look(t *testing.T, h host.Host, id model.ID) host.Guest {
	t.Helper()
	guest, err := h.Guest(testContext(t), id)
	must(t, err)
	return guest
}

// until waits for a condition on a guest.
func until(t *testing.T, h host.Host, id model.ID, what string, ok func(host.Guest) bool) host.Guest {
	t.Helper()
	ctx := testContext(t)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		guest := look(t, h, id)
		if ok(guest) {
			return guest
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("the guest never was %s; it is %+v", what, guest)
		}
	}
}

// untilAgent waits until the agent inside answers.
func untilAgent(t *testing.T, h host.Host, id model.ID) {
	t.Helper()
	until(t, h, id, "with its agent", func(g host.Guest) bool { return g.AgentConnected })
	ctx := testContext(t)
	for {
		err := h.AgentPing(ctx, id)
		if err == nil {
			return
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
	}
}

// await waits for an event of a guest and gives all that came before it, too.
func awaitEvent(t *testing.T, events <-chan host.Event, id model.ID, kind host.EventKind) host.Event {
	t.Helper()
	ctx := testContext(t)
	var seen []string
	for {
		select {
		case event, ok := <-events:
			if !ok {
				t.Fatalf("the events ended before %s", kind)
			}
			if event.Guest != id {
				continue
			}
			if event.Kind == kind {
				return event
			}
			seen = append(seen, string(event.Kind))
		case <-ctx.Done():
			t.Fatalf("no event %s; there were %s", kind, strings.Join(seen, ", "))
		}
	}
}

func refusal(t *testing.T, err error, code host.RefusalCode) {
	t.Helper()
	var refused *host.RefusedError
	if !errors.As(err, &refused) || !errors.Is(err, host.ErrRefused) || refused.Code != code {
		t.Fatalf("got %v (%T), want a refusal %q", err, err, code)
	}
}
