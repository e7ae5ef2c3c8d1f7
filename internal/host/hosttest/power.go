package hosttest

import (
	"testing"

	"vireo/internal/host"
)

func pauseAndResume(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.bootPaused("pause")
	id := spec.ID

	mark := b.events.mark()
	b.twice("Resume", func() error { return b.Resume(b.ctx, id) })
	b.wantState(id, host.Running)
	b.expect(mark, id, host.EventResumed)

	mark = b.events.mark()
	b.twice("Pause", func() error { return b.Pause(b.ctx, id) })
	if g := b.wantState(id, host.Paused); g.Pause != host.PauseUser {
		t.Errorf("it is paused for %q", g.Pause)
	}
	b.expect(mark, id, host.EventPaused)
	b.must("Resume", b.Resume(b.ctx, id))
	b.wantState(id, host.Running)
}

func destroyedIsRememberedUntilForgotten(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.bootPaused("destroyed")
	id := spec.ID
	b.refused("Forget of a running guest", b.Forget(b.ctx, id), host.RefusedState)
	b.wantState(id, host.Paused)

	mark := b.events.mark()
	b.twice("Destroy", func() error { return b.Destroy(b.ctx, id) })
	b.wantOff(id, host.EndDestroyed)
	if e := b.expect(mark, id, host.EventStopped); e.End != host.EndDestroyed {
		t.Errorf("the event says that it ended by %q", e.End)
	}
	// Another connection still knows why.
	b.connect()
	b.wantOff(id, host.EndDestroyed)
	if g := b.look(id); !g.Ours || g.Epoch != spec.Epoch {
		t.Errorf("metadata of a guest that is off: ours %v, epoch %d", g.Ours, g.Epoch)
	}

	b.twice("Forget", func() error { return b.Forget(b.ctx, id) })
	b.wantUnknown(id)
}

func offGuestRefuses(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.bootPaused("off")
	b.must("Destroy", b.Destroy(b.ctx, spec.ID))
	for name, err := range b.calls(b.ctx, spec.ID) {
		switch name {
		case "Guest":
			b.must(name, err)
		case "GuestInfo", "GuestUptime", "AgentPing", "AgentShutdown":
			b.refused(name, err, host.RefusedState, host.RefusedAgent)
		default:
			b.refused(name, err, host.RefusedState)
		}
	}
	b.wantOff(spec.ID, host.EndDestroyed)
}

func killedGuestHasCrashed(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.bootPaused("killed")
	mark := b.events.mark()
	target.Kill(t, spec.ID)
	// An event may not know better than that QEMU is gone; Guest does.
	if e := b.expect(mark, spec.ID, host.EventStopped); e.End != host.EndCrashed && e.End != host.EndFailed {
		t.Errorf("the event says that it ended by %q", e.End)
	}
	b.wantOff(spec.ID, host.EndCrashed)
	b.must("Destroy of a guest that is off", b.Destroy(b.ctx, spec.ID))
	b.wantOff(spec.ID, host.EndCrashed)
}

func lostConnectionSaysSo(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.bootPaused("lost")
	target.Cut(t)
	b.wantLost(spec.ID)
	b.until("the machine can be reached again", func() bool {
		h, err := target.Driver.Connect(b.ctx, target.Address)
		if err != nil {
			return false
		}
		return h.Close() == nil
	})
	b.connect()
	b.wantItself(b.wantState(spec.ID, host.Paused), spec)
}

func figuresMove(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.spec("figures")
	b.must("Boot", b.Boot(b.ctx, spec))
	sample := func() (host.Sample, bool) {
		samples, err := b.Stats(b.ctx)
		b.must("Stats", err)
		for _, s := range samples {
			if s.Guest == spec.ID {
				return s, true
			}
		}
		return host.Sample{}, false
	}
	first, ok := sample()
	if !ok {
		t.Fatal("Stats has no sample of a running guest")
	}
	if first.Taken.IsZero() || first.Hung || first.MemoryInstalled <= 0 {
		t.Errorf("the sample is %+v", first)
	}
	if len(first.Disks) != len(spec.Disks) || len(first.NICs) != len(spec.NICs) {
		t.Errorf("the sample has %d disks and %d NICs, want %d and %d", len(first.Disks), len(first.NICs), len(spec.Disks), len(spec.NICs))
	}
	b.until("its CPU time grows", func() bool {
		s, ok := sample()
		return ok && s.CPUTime > first.CPUTime && s.Taken.After(first.Taken)
	})
	b.must("Destroy", b.Destroy(b.ctx, spec.ID))
	if _, ok := sample(); ok {
		t.Error("Stats has a sample of a guest that is off")
	}
}
