package libvirt

import (
	"testing"

	"vireo/internal/host"
)

const testDriverAddress = "test:///default"

// TestForeignGuest looks at the guest that libvirt's own test driver comes with:
// it is nobody's, it can be paused and destroyed, and neither its name nor its id
// is ours to take. The driver cannot start a guest with its CPUs stopped, so the
// promises of hosttest cannot be checked on it.
func TestForeignGuest(t *testing.T) {
	h, err := testDriver(t).Connect(testContext(t), testDriverAddress)
	must(t, err)
	t.Cleanup(func() { h.Close() })
	events, err := h.Watch(testContext(t))
	must(t, err)
	guests, err := h.Guests(testContext(t))
	must(t, err)
	if len(guests) != 1 || guests[0].Name != "test" || guests[0].State != host.Running || guests[0].Ours || guests[0].Epoch != 0 {
		t.Fatalf("the guests are %+v", guests)
	}
	id := guests[0].ID
	must(t, h.Pause(testContext(t), id))
	if paused := awaitEvent(t, events, id, host.EventPaused); paused.Pause != host.PauseUser {
		t.Errorf("it is paused by %q", paused.Pause)
	}
	must(t, h.Resume(testContext(t), id))
	awaitEvent(t, events, id, host.EventResumed)

	namesake := plainSpec(t, h)
	namesake.Name = "test"
	refusal(t, h.Boot(testContext(t), namesake), host.RefusedExists)
	usurper := plainSpec(t, h)
	usurper.ID = id
	refusal(t, h.Boot(testContext(t), usurper), host.RefusedExists)

	must(t, h.Destroy(testContext(t), id))
	if stopped := awaitEvent(t, events, id, host.EventStopped); stopped.End != host.EndDestroyed {
		t.Errorf("it stopped by %q", stopped.End)
	}
	if guest := look(t, h, id); guest.State != host.Off || guest.End != host.EndDestroyed {
		t.Errorf("destroyed it is %+v", guest)
	}
}
