package hosttest

import (
	"testing"

	"vireo/internal/host"
	"vireo/internal/model"
)

// guestsAreAdopted: a guest that is given up goes on as it is, is described as one of
// somebody else's, and can be taken back.
func guestsAreAdopted(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.bootPaused("adopted")
	uptime := b.look(spec.ID)
	_, err := b.Foreign(b.ctx, spec.ID)
	b.refused("Foreign of a guest of an engine", err, host.RefusedExists)

	bare := *spec
	bare.Seeds, bare.Autostart = nil, true
	b.must("Release", b.Release(b.ctx, &bare))
	b.must("Release twice", b.Release(b.ctx, &bare))
	if now := b.look(spec.ID); now.Ours || now.State != uptime.State {
		t.Errorf("a guest that was given up is %+v", now)
	}
	found, err := b.Foreign(b.ctx, spec.ID)
	b.must("Foreign", err)
	if found.ID != spec.ID || found.Name != spec.Name || found.Memory != spec.Memory || found.Topology.Count() != spec.Topology.Count() ||
		len(found.Disks) != len(spec.Disks) || len(found.NICs) != len(spec.NICs) || !found.Autostart || found.Machine == "" && spec.Machine != "" {
		t.Errorf("it is described as %+v", found)
	}
	mark := host.Mark{Engine: spec.Engine, Epoch: spec.Epoch + 1, Given: model.Given{Adopted: true}, Autostart: true}
	b.must("Adopt", b.Adopt(b.ctx, spec.ID, mark))
	b.must("Adopt twice", b.Adopt(b.ctx, spec.ID, mark))
	if now := b.look(spec.ID); !now.Ours || now.Engine != mark.Engine || now.Epoch != mark.Epoch || !now.Given.Adopted || now.State != uptime.State {
		t.Errorf("a guest that was adopted is %+v", now)
	}
	mark.Engine = model.NewID()
	b.refused("Adopt for another engine", b.Adopt(b.ctx, spec.ID, mark), host.RefusedExists)
	b.must("Disown", b.Disown(b.ctx, spec.ID))
	b.must("Disown twice", b.Disown(b.ctx, spec.ID))
	if now := b.look(spec.ID); now.Ours {
		t.Errorf("a guest that was disowned is %+v", now)
	}
	if again, err := b.Foreign(b.ctx, spec.ID); err != nil || !again.Autostart {
		t.Errorf("a guest that was disowned is not started with its host again: %+v, %v", again, err)
	}
	b.must("Disown of an unknown guest", b.Disown(b.ctx, model.NewID()))
	b.must("Destroy", b.Destroy(b.ctx, spec.ID))
	_, err = b.Foreign(b.ctx, spec.ID)
	b.refused("Foreign of a guest that is off", err, host.RefusedState)
	// It is still there, as nobody's.
	if now := b.look(spec.ID); now.Ours || now.State != host.Off {
		t.Errorf("a guest that was given up and has ended is %+v", now)
	}
	b.must("Forget", b.Forget(b.ctx, spec.ID))
}
