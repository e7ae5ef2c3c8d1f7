package hosttest

import (
	"testing"

	"vireo/internal/host"
	"vireo/internal/model"
)

// The sizes in bytes to which disks of targets grow; they are smaller before.
const (
	larger  = 256 << 20
	largest = 512 << 20
)

func disksGrow(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.bootPaused("grow")
	id, first, spare := spec.ID, spec.Disks[0].ID, target.SpareDisk(t)
	b.must("PlugDisk", b.PlugDisk(b.ctx, id, spare))
	for _, disk := range []model.ID{first, spare.ID} {
		b.twice("ResizeDisk", func() error { return b.ResizeDisk(b.ctx, id, disk, larger) })
		b.twice("ResizeDisk to more", func() error { return b.ResizeDisk(b.ctx, id, disk, largest) })
		b.refused("ResizeDisk to less", b.ResizeDisk(b.ctx, id, disk, larger), host.RefusedUnsupported)
		b.must("ResizeDisk to what it is after a refusal", b.ResizeDisk(b.ctx, id, disk, largest))
	}
	b.refused("ResizeDisk of a disk it never had", b.ResizeDisk(b.ctx, id, model.NewID(), largest), host.RefusedResource)
	b.wantState(id, host.Paused)
	b.wantDisks(id, len(spec.Disks)+1)

	b.must("Destroy", b.Destroy(b.ctx, id))
	b.refused("ResizeDisk of a guest that is off", b.ResizeDisk(b.ctx, id, first, largest), host.RefusedState)
}
