package hosttest

import (
	"errors"
	"testing"

	"vireo/internal/host"
	"vireo/internal/model"
)

// disksAreMirrored: as a whole, and the active volume alone; given up, and to the end,
// where the disk stays when the guest is off.
func disksAreMirrored(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.bootUp("mirrored")
	id, disk, spare := spec.ID, spec.Disks[0], target.SpareDisk(t)
	whole := host.Mirror{Disk: disk.ID, To: spare.Path, Format: spare.Format}
	b.must("AbortMirror of none", b.AbortMirror(b.ctx, id, disk.ID))
	b.wantMirror(id, whole, host.MirrorNone)
	b.refused("PivotMirror of none", b.PivotMirror(b.ctx, id, whole), host.RefusedState)
	b.twice("BeginMirror", func() error { return b.BeginMirror(b.ctx, id, whole) })
	b.alike(id, whole)
	other := whole
	other.To += "-other"
	b.refused("BeginMirror to another place", b.BeginMirror(b.ctx, id, other), host.RefusedState)
	b.twice("AbortMirror", func() error { return b.AbortMirror(b.ctx, id, disk.ID) })
	b.wantMirror(id, whole, host.MirrorNone)
	b.wantPath(id, disk)

	b.mirror(id, whole)
	disk.Path, disk.Format = spare.Path, spare.Format
	b.wantPath(id, disk)
	upper, beside := target.Above(t, disk), target.Above(t, disk)
	b.must("TakeSnapshot", b.TakeSnapshot(b.ctx, id, host.SnapshotSpec{Disks: []host.DiskSpec{upper}}))
	b.mirror(id, host.Mirror{Disk: disk.ID, To: beside.Path, Format: beside.Format, Shallow: true})
	b.wantPath(id, beside)
	b.wantState(id, host.Running)

	stranger := whole
	stranger.Disk = model.NewID()
	b.refused("BeginMirror of a disk it never had", b.BeginMirror(b.ctx, id, stranger), host.RefusedResource)
	b.must("AbortMirror of a disk it never had", b.AbortMirror(b.ctx, id, stranger.Disk))
	b.must("Destroy", b.Destroy(b.ctx, id))
	b.wantPath(id, beside)
	b.refused("BeginMirror of a guest that is off", b.BeginMirror(b.ctx, id, whole), host.RefusedState)
	b.must("AbortMirror of a guest that is off", b.AbortMirror(b.ctx, id, disk.ID))
	if err := b.AbortMirror(b.ctx, model.NewID(), disk.ID); !errors.Is(err, host.ErrNotFound) {
		b.Errorf("AbortMirror of an unknown guest: got %v, want ErrNotFound", err)
	}
}

// mirror lets a disk go to another place, each call twice.
func (b *bench) mirror(id model.ID, mirror host.Mirror) {
	b.Helper()
	b.twice("BeginMirror", func() error { return b.BeginMirror(b.ctx, id, mirror) })
	b.alike(id, mirror)
	b.twice("PivotMirror", func() error { return b.PivotMirror(b.ctx, id, mirror) })
	b.wantMirror(id, mirror, host.Mirrored)
	b.must("BeginMirror of what is done", b.BeginMirror(b.ctx, id, mirror))
	b.must("AbortMirror of what is done", b.AbortMirror(b.ctx, id, mirror.Disk))
}

func (b *bench) alike(id model.ID, mirror host.Mirror) {
	b.Helper()
	b.until("both are alike", func() bool {
		progress, err := b.FollowMirror(b.ctx, id, mirror)
		b.must("FollowMirror", err)
		if progress.State != host.Mirroring && progress.State != host.MirrorAlike || progress.Done > progress.Total {
			b.Fatalf("the mirror is at %+v", progress)
		}
		return progress.State == host.MirrorAlike
	})
}

func (b *bench) wantMirror(id model.ID, mirror host.Mirror, state host.MirrorState) {
	b.Helper()
	progress, err := b.FollowMirror(b.ctx, id, mirror)
	b.must("FollowMirror", err)
	if progress.State != state {
		b.Errorf("the mirror is %q, want %q", progress.State, state)
	}
}
