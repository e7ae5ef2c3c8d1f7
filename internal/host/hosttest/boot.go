package hosttest

import (
	"reflect"
	"testing"

	"vireo/internal/host"
	"vireo/internal/model"
)

func bootTwiceIsOnce(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.spec("twice")
	spec.Paused = true
	spec.Given = model.Given{
		Overrides: &model.RunOnce{Stateless: true, Cmdline: new("a=\"<&>'\" ä")}, Instance: model.NewID(),
		Overlays: []model.Overlay{{Disk: model.NewID(), Volume: model.NewID(), StorageDomain: model.NewID()}},
	}
	mark := b.events.mark()
	b.twice("Boot", func() error { return b.Boot(b.ctx, spec) })
	b.expect(mark, spec.ID, host.EventStarted)

	g := b.wantState(spec.ID, host.Paused)
	if g.Pause != host.PauseUser && g.Pause != host.PauseStarting {
		t.Errorf("a guest booted paused is paused for %q", g.Pause)
	}
	b.wantItself(g, spec)
	if n := b.count(spec.ID); n != 1 {
		t.Errorf("Guests lists it %d times", n)
	}
	started := 0
	for _, e := range b.events.list()[mark:] {
		if e.Guest == spec.ID && e.Kind == host.EventStarted {
			started++
		}
	}
	if started != 1 {
		t.Errorf("it was started %d times", started)
	}
}

// wantItself compares what the host says with what was asked for.
func (b *bench) wantItself(g host.Guest, spec *host.GuestSpec) {
	b.Helper()
	if g.ID != spec.ID || g.Name != spec.Name {
		b.Errorf("the guest is %s %q, want %s %q", g.ID, g.Name, spec.ID, spec.Name)
	}
	if !g.Ours || g.Engine != spec.Engine || g.Epoch != spec.Epoch {
		b.Errorf("metadata: ours %v, engine %s, epoch %d; want engine %s, epoch %d", g.Ours, g.Engine, g.Epoch, spec.Engine, spec.Epoch)
	}
	if !reflect.DeepEqual(g.Given, spec.Given) {
		b.Errorf("metadata: the run was begun with %+v, want %+v", g.Given, spec.Given)
	}
	if g.Memory != spec.Memory || g.CPUs != spec.Topology.Count() {
		b.Errorf("it has %d bytes and %d CPUs, want %d and %d", g.Memory, g.CPUs, spec.Memory, spec.Topology.Count())
	}
	if g.DisplayType != spec.Display {
		b.Errorf("its display is %q, want %q", g.DisplayType, spec.Display)
	}
	if spec.Display != "" && (g.Console.Address == "" || g.Console.Port == 0 && g.Console.SecurePort == 0) {
		b.Errorf("its display listens at %+v", g.Console)
	}
	if g.CDROM != spec.CDROM {
		b.Errorf("its medium is %q, want %q", g.CDROM, spec.CDROM)
	}
}

func otherEpochOrIDIsRefused(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.bootPaused("epochs")

	newer := model.Clone(spec)
	newer.Epoch++
	b.refused("Boot with a newer epoch", b.Boot(b.ctx, newer), host.RefusedExists)
	older := model.Clone(spec)
	older.Epoch--
	b.refused("Boot with an older epoch", b.Boot(b.ctx, older), host.RefusedExists)

	namesake := model.Clone(spec)
	namesake.ID = model.NewID()
	b.forgetAtEnd(namesake.ID)
	b.refused("Boot with another id", b.Boot(b.ctx, namesake), host.RefusedExists)
	b.wantUnknown(namesake.ID)

	b.wantItself(b.wantState(spec.ID, host.Paused), spec)

	// The name is taken also by a guest that is off; its own definition is
	// replaced.
	b.must("Destroy", b.Destroy(b.ctx, spec.ID))
	b.refused("Boot with another id", b.Boot(b.ctx, namesake), host.RefusedExists)
	b.must("Boot with a newer epoch after the end", b.Boot(b.ctx, newer))
	b.wantItself(b.wantState(spec.ID, host.Paused), newer)
}

func refusedBootLeavesNothing(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.spec("refused")
	spec.NICs = append(spec.NICs, host.NICSpec{
		ID: model.NewID(), MAC: "52:54:00:fe:ed:01", Model: model.NICVirtio, Network: "vireo-no-such-network", Linked: true,
	})
	b.refused("Boot on a network that is not there", b.Boot(b.ctx, spec))
	b.wantUnknown(spec.ID)

	spec.NICs = spec.NICs[:len(spec.NICs)-1]
	spec.Paused = true
	b.must("Boot without it", b.Boot(b.ctx, spec))
}

func whatRanIsFoundAgain(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.bootPaused("found")
	b.must("Close", b.Close())

	b.connect()
	b.wantItself(b.wantState(spec.ID, host.Paused), spec)
	if n := b.count(spec.ID); n != 1 {
		t.Errorf("Guests lists it %d times", n)
	}
	b.must("Boot of what runs", b.Boot(b.ctx, spec))
	mark := b.events.mark()
	b.must("Resume", b.Resume(b.ctx, spec.ID))
	b.expect(mark, spec.ID, host.EventResumed)
}
