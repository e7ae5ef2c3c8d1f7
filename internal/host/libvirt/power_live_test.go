package libvirt

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"vireo/internal/host"
)

// TestButtonAndReboot restarts a guest by ACPI in the same QEMU, and then
// presses its power button.
func TestButtonAndReboot(t *testing.T) {
	h := connect(t)
	events, err := h.Watch(testContext(t))
	must(t, err)
	if _, err := h.Watch(testContext(t)); !errors.Is(err, host.ErrRefused) {
		t.Errorf("watching twice: %v", err)
	}
	spec := linuxSpec(t, h)
	boot(t, h, spec)
	untilAgent(t, h, spec.ID)
	pid := qemuPID(t, spec.ID)
	must(t, h.Reboot(testContext(t), spec.ID))
	awaitEvent(t, events, spec.ID, host.EventReset)
	untilAgent(t, h, spec.ID)
	if now := qemuPID(t, spec.ID); now != pid {
		t.Errorf("QEMU was process %d and is %d", pid, now)
	}
	must(t, h.PressPower(testContext(t), spec.ID))
	awaitEvent(t, events, spec.ID, host.EventShuttingDown)
	if stopped := awaitEvent(t, events, spec.ID, host.EventStopped); stopped.End != host.EndShutdown {
		t.Errorf("it stopped by %q", stopped.End)
	}
}

// TestShutdownAfterIgnoredReboot: a guest that has ignored a reboot by ACPI and
// is then shut down by its agent is off, and does not come back.
func TestShutdownAfterIgnoredReboot(t *testing.T) {
	h := connect(t)
	spec := linuxSpec(t, h)
	spec.Cmdline += " vireo.ignore_power"
	boot(t, h, spec)
	untilAgent(t, h, spec.ID)
	must(t, h.Reboot(testContext(t), spec.ID))
	must(t, h.AgentShutdown(testContext(t), spec.ID, true))
	must(t, h.AgentPing(testContext(t), spec.ID))
	runInGuest(t, h, spec.ID, "rm /run/vireo/ignore_power")
	must(t, h.AgentShutdown(testContext(t), spec.ID, false))
	until(t, h, spec.ID, "off", func(g host.Guest) bool { return g.State == host.Off && g.End == host.EndShutdown })
}

// TestAbandonedSave gives up a save, soon and less soon: either it was too late
// and the guest is saved, or the guest runs on and no file is left.
func TestAbandonedSave(t *testing.T) {
	h := connect(t)
	spec := linuxSpec(t, h)
	path := filepath.Join(imageFolder(t), "state")
	for _, after := range []time.Duration{5, 20, 100} {
		boot(t, h, spec)
		untilAgent(t, h, spec.ID)
		ctx, cancel := context.WithTimeout(t.Context(), after*time.Millisecond)
		if err := h.Save(ctx, spec.ID, path); err != nil && !errors.Is(err, host.ErrUnreachable) {
			t.Errorf("the save ended with %v", err)
		}
		cancel()
		until(t, h, spec.ID, "saved or running again", func(g host.Guest) bool {
			return g.State == host.Off && g.End == host.EndSaved && exists(path) || g.State == host.Running && !exists(path)
		})
		must(t, h.Destroy(testContext(t), spec.ID))
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
	}
}

// TestBootsAtTheSameTime starts a guest from several sides at once: it runs once
// and all are told that it does.
func TestBootsAtTheSameTime(t *testing.T) {
	h, other := connect(t), connect(t)
	spec := plainSpec(t, h)
	ended := make(chan error)
	for i := range 6 {
		side := h
		if i%2 == 1 {
			side = other
		}
		go func() { ended <- side.Boot(testContext(t), spec) }()
	}
	for range 6 {
		if err := <-ended; err != nil {
			t.Errorf("one of the starts: %v", err)
		}
	}
	if guest := look(t, h, spec.ID); guest.State != host.Running {
		t.Errorf("it is %+v", guest)
	}
	// The definition is there after its end, too.
	must(t, h.Destroy(testContext(t), spec.ID))
	if guest := look(t, h, spec.ID); guest.End != host.EndDestroyed {
		t.Errorf("destroyed it is %+v", guest)
	}
}
