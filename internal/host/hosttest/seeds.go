package hosttest

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"vireo/internal/host"
	"vireo/internal/model"
)

// seeded is a guest that is to start paused, with a seed in a drive of each kind.
func (b *bench) seeded(name string) *host.GuestSpec {
	b.Helper()
	spec := b.spec(name)
	spec.Paused = true
	spec.Seeds = []host.Seed{
		{Name: "config-drive", Drive: host.SeedCDROM, Image: image('c', 400<<10)},
		{Name: "payload", Drive: host.SeedFloppy, Image: image('f', 1440<<10)},
	}
	return spec
}

func image(content byte, size int) []byte { return bytes.Repeat([]byte{content}, size) }

// wantSeeds wants the host to keep just these seeds for a guest.
func (b *bench) wantSeeds(id model.ID, want ...host.Seed) {
	b.Helper()
	kept := b.target.Seeds(b.T, id)
	if len(kept) != len(want) {
		b.Errorf("the host keeps %d seeds, want %d", len(kept), len(want))
	}
	for _, seed := range want {
		if got, ok := kept[seed.Name]; !ok || !bytes.Equal(got, seed.Image) {
			b.Errorf("of the %v the host keeps %d bytes, or others (there at all: %v)", seed, len(got), ok)
		}
	}
}

func seedsAreKeptUntilForgotten(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.seeded("seeds")
	b.wantSeeds(spec.ID)
	b.twice("Boot", func() error { return b.Boot(b.ctx, spec) })
	b.wantSeeds(spec.ID, spec.Seeds...)
	// The drives are not the VM's own.
	b.wantItself(b.wantState(spec.ID, host.Paused), spec)
	b.wantDisks(spec.ID, len(spec.Disks))
	b.must("ChangeCDROM", b.ChangeCDROM(b.ctx, spec.ID, ""))
	b.wantItself(b.wantState(spec.ID, host.Paused), spec)

	// A start of another run that is refused does not touch them.
	newer := model.Clone(spec)
	newer.Epoch++
	newer.Seeds = []host.Seed{{Name: "config-drive", Drive: host.SeedCDROM, Image: image('n', 600<<10)}}
	b.refused("Boot with a newer epoch", b.Boot(b.ctx, newer), host.RefusedExists)
	b.refused("Forget of a running guest", b.Forget(b.ctx, spec.ID), host.RefusedState)
	b.wantSeeds(spec.ID, spec.Seeds...)

	b.must("Destroy", b.Destroy(b.ctx, spec.ID))
	b.wantSeeds(spec.ID, spec.Seeds...)
	b.must("Boot with a newer epoch after the end", b.Boot(b.ctx, newer))
	b.wantSeeds(spec.ID, newer.Seeds...)

	b.must("Destroy", b.Destroy(b.ctx, spec.ID))
	b.twice("Forget", func() error { return b.Forget(b.ctx, spec.ID) })
	b.wantSeeds(spec.ID)

	newer.Seeds = nil
	b.must("Boot without seeds", b.Boot(b.ctx, newer))
	b.wantSeeds(spec.ID)
}

func refusedBootLeavesNoSeeds(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.seeded("unsown")
	nics := spec.NICs
	spec.NICs = append(slices.Clip(spec.NICs), host.NICSpec{
		ID: model.NewID(), MAC: "52:54:00:fe:ed:02", Model: model.NICVirtio, Network: "vireo-no-such-network", Linked: true,
	})
	b.refused("Boot on a network that is not there", b.Boot(b.ctx, spec))
	b.wantUnknown(spec.ID)
	b.wantSeeds(spec.ID)
	spec.NICs = nics

	good := spec.Seeds
	for what, seeds := range map[string][]host.Seed{
		"a name that is a path": {{Name: "../config", Drive: host.SeedCDROM, Image: image('c', 1)}},
		"no image":              {good[1], {Name: "config", Drive: host.SeedCDROM}},
		"too large an image":    {good[1], {Name: "config", Drive: host.SeedCDROM, Image: image('c', host.MaxSeedCDROM+1)}},
		"an unknown drive":      {good[1], {Name: "config", Drive: "tape", Image: image('c', 1)}},
		"one name twice":        {good[0], good[0]},
		"three floppies": {
			good[1], {Name: "second", Drive: host.SeedFloppy, Image: image('c', 1)}, {Name: "third", Drive: host.SeedFloppy, Image: image('c', 1)},
		},
	} {
		spec.Seeds = seeds
		b.refused("Boot with "+what, b.Boot(b.ctx, spec), host.RefusedUnsupported)
		b.wantUnknown(spec.ID)
		b.wantSeeds(spec.ID)
	}
}

func savedGuestGetsItsSeedsAgain(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.seeded("kept")
	b.must("Boot", b.Boot(b.ctx, spec))
	path := filepath.Join(target.SaveDir, "seeded-"+string(spec.ID))
	t.Cleanup(func() { _ = os.Remove(path) })
	b.must("Save", b.Save(b.ctx, spec.ID, path))
	b.wantSeeds(spec.ID, spec.Seeds...)
	b.must("Forget", b.Forget(b.ctx, spec.ID))
	b.wantSeeds(spec.ID)

	again := model.Clone(spec)
	again.Epoch++
	b.refused("Restore of no file", b.Restore(b.ctx, again, path+"-missing"))
	b.wantSeeds(spec.ID)
	b.twice("Restore", func() error { return b.Restore(b.ctx, again, path) })
	b.wantItself(b.wantState(spec.ID, host.Paused), again)
	b.wantSeeds(spec.ID, spec.Seeds...)
	b.must("Destroy", b.Destroy(b.ctx, spec.ID))
	b.must("Forget", b.Forget(b.ctx, spec.ID))
	b.wantSeeds(spec.ID)
}
