package hosttest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"vireo/internal/host"
	"vireo/internal/model"
)

// bench is a connection with its events, for one promise.
type bench struct {
	*testing.T
	host.Host
	target Target
	ctx    context.Context
	events *events
}

// open connects to the target and watches it.
func open(t *testing.T, target Target) *bench {
	t.Helper()
	if target.Patience == 0 {
		target.Patience = time.Minute
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*target.Patience)
	t.Cleanup(cancel)
	b := &bench{T: t, target: target, ctx: ctx}
	b.connect()
	return b
}

// connect makes a new connection in place of the present one, if any.
func (b *bench) connect() {
	b.Helper()
	connection, err := b.target.Driver.Connect(b.ctx, b.target.Address)
	b.must("Connect", err)
	b.Host = connection
	b.events = watch(b, connection)
	b.Cleanup(func() {
		if err := connection.Close(); err != nil {
			b.Errorf("Close: %v", err)
		}
		b.events.wait()
	})
}

// must ends the test when err is not nil.
func (b *bench) must(what string, err error) {
	b.Helper()
	if err != nil {
		b.Fatalf("%s: %v", what, err)
	}
}

// twice does the same thing two times and wants both to succeed.
func (b *bench) twice(what string, do func() error) {
	b.Helper()
	b.must(what, do())
	b.must(what+", again", do())
}

// refused wants a refusal; with codes, one of these.
func (b *bench) refused(what string, err error, codes ...host.RefusalCode) {
	b.Helper()
	if !errors.Is(err, host.ErrRefused) {
		b.Fatalf("%s: got %v, want a refusal", what, err)
	}
	var refusal *host.RefusedError
	if !errors.As(err, &refusal) {
		b.Fatalf("%s: the refusal %v is no *host.RefusedError", what, err)
	}
	if refusal.Reason == "" {
		b.Errorf("%s: the refusal gives no reason", what)
	}
	if slices.Contains(codes, refusal.Code) {
		return
	}
	if len(codes) > 0 {
		b.Fatalf("%s: refused as %q (%v), want one of %q", what, refusal.Code, err, codes)
	}
}

// spec makes a guest's specification, with an engine and an epoch, and sees to
// it that the guest is gone at the end.
func (b *bench) spec(name string) *host.GuestSpec {
	b.Helper()
	spec := b.target.Spec(b.T, name)
	spec.Engine = model.NewID()
	spec.Epoch = 7
	b.forgetAtEnd(spec.ID)
	return spec
}

func (b *bench) forgetAtEnd(id model.ID) {
	b.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), b.target.Patience)
		defer cancel()
		h, err := b.target.Driver.Connect(ctx, b.target.Address)
		if err != nil {
			b.Errorf("connecting to clean up: %v", err)
			return
		}
		if err := errors.Join(h.Destroy(ctx, id), h.Forget(ctx, id), h.Close()); err != nil {
			b.Errorf("removing guest %s: %v", id, err)
		}
	})
}

// boot starts a guest with its CPUs stopped, which costs next to nothing.
func (b *bench) bootPaused(name string) *host.GuestSpec {
	b.Helper()
	spec := b.spec(name)
	spec.Paused = true
	b.must("Boot", b.Boot(b.ctx, spec))
	return spec
}

// bootUp starts a guest and waits until its agent is connected, if it has one.
func (b *bench) bootUp(name string) *host.GuestSpec {
	b.Helper()
	spec := b.spec(name)
	b.must("Boot", b.Boot(b.ctx, spec))
	if b.target.HasAgent {
		b.awaitAgent(spec.ID)
	}
	return spec
}

func (b *bench) awaitAgent(id model.ID) {
	b.Helper()
	b.until("the agent answers", func() bool {
		return b.look(id).AgentConnected && b.AgentPing(b.ctx, id) == nil
	})
}

// look is Guest, which must succeed.
func (b *bench) look(id model.ID) host.Guest {
	b.Helper()
	g, err := b.Guest(b.ctx, id)
	b.must("Guest", err)
	return g
}

// wantState wants the guest to be in the state now.
func (b *bench) wantState(id model.ID, want host.State) host.Guest {
	b.Helper()
	g := b.look(id)
	if g.State != want {
		b.Fatalf("the guest is %s (pause %q, end %q), want %s", g.State, g.Pause, g.End, want)
	}
	return g
}

// wantOff wants the guest to be off for that reason.
func (b *bench) wantOff(id model.ID, end host.End) {
	b.Helper()
	if g := b.wantState(id, host.Off); g.End != end {
		b.Fatalf("the guest ended by %q, want %q", g.End, end)
	}
}

// wantUnknown wants the host to know no such guest.
func (b *bench) wantUnknown(id model.ID) {
	b.Helper()
	if _, err := b.Guest(b.ctx, id); !errors.Is(err, host.ErrNotFound) {
		b.Fatalf("Guest: got %v, want ErrNotFound", err)
	}
	if n := b.count(id); n != 0 {
		b.Fatalf("Guests lists the unknown guest %d times", n)
	}
}

// count is how often Guests lists the guest.
func (b *bench) count(id model.ID) int {
	b.Helper()
	guests, err := b.Guests(b.ctx)
	b.must("Guests", err)
	n := 0
	for _, g := range guests {
		if g.ID == id {
			n++
		}
	}
	return n
}

// until waits for a condition, which is looked at after each event and now and
// then, as events may be coalesced.
func (b *bench) until(what string, condition func() bool) {
	b.Helper()
	deadline := time.NewTimer(b.target.Patience)
	defer deadline.Stop()
	now := time.NewTicker(b.target.Patience / 300)
	defer now.Stop()
	for !condition() {
		select {
		case <-b.events.bell:
		case <-now.C:
		case <-deadline.C:
			b.Fatalf("waited %v in vain: %s; events: %v", b.target.Patience, what, b.events.list())
		}
	}
}

// expect waits for an event of the guest that came at or after the mark.
func (b *bench) expect(mark int, id model.ID, kind host.EventKind) host.Event {
	b.Helper()
	var found host.Event
	b.until("event "+string(kind), func() bool {
		for _, e := range b.events.list()[mark:] {
			if e.Guest == id && e.Kind == kind {
				found = e
				return true
			}
		}
		return false
	})
	if found.Received.IsZero() {
		b.Errorf("event %s does not say when it was received", kind)
	}
	return found
}
