package libvirt

import (
	"errors"
	"testing"

	"vireo/internal/host"
)

func TestBootLookDestroyForget(t *testing.T) {
	h := connect(t)
	events, err := h.Watch(testContext(t))
	must(t, err)
	spec := plainSpec(t, h)
	if _, err := h.Guest(testContext(t), spec.ID); !errors.Is(err, host.ErrNotFound) {
		t.Fatalf("before the start: %v", err)
	}
	guest := boot(t, h, spec)
	if guest.State != host.Running || !guest.Ours || guest.Epoch != 1 || guest.Engine != spec.Engine ||
		guest.Name != spec.Name || guest.Memory != spec.Memory || guest.CPUs != 1 ||
		guest.Console.Port < 5900 || guest.Console.Address != "127.0.0.1" || guest.DisplayType != spec.Display {
		t.Fatalf("it runs as %+v", guest)
	}
	awaitEvent(t, events, spec.ID, host.EventStarted)
	must(t, h.Boot(testContext(t), spec))
	must(t, h.Pause(testContext(t), spec.ID))
	must(t, h.Pause(testContext(t), spec.ID))
	if paused := awaitEvent(t, events, spec.ID, host.EventPaused); paused.Pause != host.PauseUser {
		t.Fatalf("paused by %q", paused.Pause)
	}
	if guest = look(t, h, spec.ID); guest.State != host.Paused || guest.Pause != host.PauseUser {
		t.Fatalf("paused it is %+v", guest)
	}
	must(t, h.Resume(testContext(t), spec.ID))
	awaitEvent(t, events, spec.ID, host.EventResumed)
	refusal(t, h.Forget(testContext(t), spec.ID), host.RefusedState)
	must(t, h.Destroy(testContext(t), spec.ID))
	if stopped := awaitEvent(t, events, spec.ID, host.EventStopped); stopped.End != host.EndDestroyed {
		t.Fatalf("stopped by %q", stopped.End)
	}
	if guest = look(t, h, spec.ID); guest.State != host.Off || guest.End != host.EndDestroyed || guest.Console.Port != 0 {
		t.Fatalf("destroyed it is %+v", guest)
	}
	must(t, h.Destroy(testContext(t), spec.ID))
	must(t, h.Forget(testContext(t), spec.ID))
	must(t, h.Forget(testContext(t), spec.ID))
	must(t, h.Destroy(testContext(t), spec.ID))
	if _, err := h.Guest(testContext(t), spec.ID); !errors.Is(err, host.ErrNotFound) {
		t.Fatalf("after it was forgotten: %v", err)
	}
}
