package hosttest

import (
	"testing"
	"time"

	"vireo/internal/host"
	"vireo/internal/model"
)

// soon is how far ahead an end lies that is waited for: more than the second to
// which ends are rounded.
const soon = 3 * time.Second

func ticketOpensDisplay(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.bootPaused("ticket")
	id := spec.ID
	b.locked(id, "a display without a ticket", "", "opensesa", "opensesame")

	// VNC looks at eight characters: those of a longer password open it.
	first := host.Ticket{Password: "opensesame"}
	b.twice("SetTicket", func() error { return b.SetTicket(b.ctx, id, first) })
	b.locked(id, "another password", "", "opensesA", "somethingelse")
	viewer := b.enters(id, "opensesame")
	b.enters(id, "opensesame"[:8])

	// A new ticket ends the old one and who came by it.
	second := host.Ticket{Password: "a<&\"'> b", ValidTo: time.Now().Add(time.Hour)}
	b.must("SetTicket", b.SetTicket(b.ctx, id, second))
	b.until("the viewer is thrown off", func() bool { return isClosed(viewer) })
	b.locked(id, "the password before", "opensesame")
	b.enters(id, second.Password)

	b.must("SetTicket", b.SetTicket(b.ctx, id, host.Ticket{Password: "pastpast", ValidTo: time.Now().Add(-time.Minute)}))
	b.locked(id, "a ticket that has ended", "pastpast", second.Password)

	b.must("SetTicket", b.SetTicket(b.ctx, id, host.Ticket{Password: "shortone", ValidTo: time.Now().Add(soon)}))
	stays := b.enters(id, "shortone")
	b.until("the ticket has ended", func() bool {
		_, letIn := target.Enter(t, id, "shortone")
		return !letIn
	})
	if isClosed(stays) {
		t.Error("the end of a ticket has thrown off who was let in")
	}

	// A ticket is for one run.
	b.must("SetTicket", b.SetTicket(b.ctx, id, first))
	b.must("Destroy", b.Destroy(b.ctx, id))
	b.must("Forget", b.Forget(b.ctx, id))
	b.must("Boot", b.Boot(b.ctx, spec))
	b.locked(id, "the next run", "opensesame")

	blind := b.spec("blind")
	blind.Display, blind.Paused = "", true
	b.must("Boot without a display", b.Boot(b.ctx, blind))
	b.refused("SetTicket without a display", b.SetTicket(b.ctx, blind.ID, first), host.RefusedUnsupported)
}

func (b *bench) locked(id model.ID, what string, passwords ...string) {
	b.Helper()
	for _, password := range passwords {
		if _, letIn := b.target.Enter(b.T, id, password); letIn {
			b.Errorf("%s: %q was let in", what, password)
		}
	}
}

func (b *bench) enters(id model.ID, password string) <-chan struct{} {
	b.Helper()
	viewer, letIn := b.target.Enter(b.T, id, password)
	if !letIn {
		b.Fatalf("%q was not let in", password)
	}
	return viewer
}

func isClosed(channel <-chan struct{}) bool {
	select {
	case <-channel:
		return true
	default:
		return false
	}
}
