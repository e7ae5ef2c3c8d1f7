package hosttest

import (
	"os"
	"path/filepath"
	"testing"

	"vireo/internal/host"
	"vireo/internal/model"
)

func snapshotsAreTaken(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.bootUp("snapshots")
	id, disk := spec.ID, spec.Disks[0]
	b.wantPath(id, disk)
	upper := target.Above(t, disk)
	snapshot := host.SnapshotSpec{Disks: []host.DiskSpec{upper}}
	b.twice("TakeSnapshot", func() error { return b.TakeSnapshot(b.ctx, id, snapshot) })
	b.wantPath(id, upper)
	b.wantState(id, host.Running)

	stranger := upper
	stranger.ID = model.NewID()
	b.refused("TakeSnapshot of a disk it never had", b.TakeSnapshot(b.ctx, id, host.SnapshotSpec{Disks: []host.DiskSpec{stranger}}), host.RefusedResource)
	b.must("Pause", b.Pause(b.ctx, id))
	top := target.Above(t, upper)
	b.must("TakeSnapshot of a paused guest", b.TakeSnapshot(b.ctx, id, host.SnapshotSpec{Disks: []host.DiskSpec{top}}))
	b.wantPath(id, top)
	b.wantState(id, host.Paused)

	b.must("Destroy", b.Destroy(b.ctx, id))
	b.refused("TakeSnapshot of a guest that is off", b.TakeSnapshot(b.ctx, id, snapshot), host.RefusedState)
	b.wantPath(id, top)
}

func snapshotsKeepMemory(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.bootUp("remembered")
	id, disk := spec.ID, spec.Disks[0]
	path := filepath.Join(target.SaveDir, "memory-"+string(id))
	t.Cleanup(func() { _ = os.Remove(path) })
	upper := target.Above(t, disk)
	snapshot := host.SnapshotSpec{Disks: []host.DiskSpec{upper}, Memory: path}
	b.twice("TakeSnapshot", func() error { return b.TakeSnapshot(b.ctx, id, snapshot) })
	b.until("it runs on", func() bool { return b.look(id).State == host.Running })
	b.wantPath(id, upper)
	b.wantFile(path)

	for range 2 { // a guest can go on from there many times
		b.must("Destroy", b.Destroy(b.ctx, id))
		b.must("Forget", b.Forget(b.ctx, id))
		spec = model.Clone(spec)
		spec.Epoch++
		spec.Disks[0] = target.Above(t, disk)
		b.must("Restore", b.Restore(b.ctx, spec, path))
		b.wantState(id, host.Running)
		b.wantPath(id, spec.Disks[0])
	}
}

func volumesAreMerged(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.bootUp("merged")
	id := spec.ID
	chain := []host.DiskSpec{spec.Disks[0]}
	for range 3 {
		chain = append(chain, target.Above(t, chain[len(chain)-1]))
		b.must("TakeSnapshot", b.TakeSnapshot(b.ctx, id, host.SnapshotSpec{Disks: chain[len(chain)-1:]}))
	}
	b.must("AbortMerge of none", b.AbortMerge(b.ctx, id, chain[0].ID))
	b.merge(id, host.Merge{Disk: chain[0].ID, Top: chain[2].Path, Base: chain[1].Path})
	b.wantPath(id, chain[3])
	b.merge(id, host.Merge{Disk: chain[0].ID, Top: chain[3].Path, Base: chain[1].Path})
	b.wantPath(id, chain[1])
	b.merge(id, host.Merge{Disk: chain[0].ID, Top: chain[1].Path, Base: chain[0].Path})
	b.wantPath(id, chain[0])
	b.wantState(id, host.Running)

	other := host.Merge{Disk: chain[0].ID, Top: chain[0].Path, Base: chain[0].Path + "-none"}
	b.refused("BeginMerge into what it does not stand on", b.BeginMerge(b.ctx, id, other), host.RefusedResource)
	b.must("Destroy", b.Destroy(b.ctx, id))
	b.wantPath(id, chain[0])
	b.refused("BeginMerge of a guest that is off", b.BeginMerge(b.ctx, id, other), host.RefusedState)
	b.must("AbortMerge of a guest that is off", b.AbortMerge(b.ctx, id, chain[0].ID))
}

// merge merges two volumes to the end, each call twice.
func (b *bench) merge(id model.ID, merge host.Merge) {
	b.Helper()
	b.twice("BeginMerge", func() error { return b.BeginMerge(b.ctx, id, merge) })
	b.until("the volumes are merged", func() bool {
		progress, err := b.FollowMerge(b.ctx, id, merge)
		b.must("FollowMerge", err)
		if progress.State == host.MergeNone {
			b.Fatal("the merge has come to nothing")
		}
		return progress.State == host.Merged
	})
	progress, err := b.FollowMerge(b.ctx, id, merge)
	b.must("FollowMerge of what is merged", err)
	if progress.State != host.Merged {
		b.Errorf("what is merged is %q", progress.State)
	}
	b.must("BeginMerge of what is merged", b.BeginMerge(b.ctx, id, merge))
	b.must("AbortMerge of what is merged", b.AbortMerge(b.ctx, id, merge.Disk))
}

func (b *bench) wantPath(id model.ID, disk host.DiskSpec) {
	b.Helper()
	paths, err := b.DiskPaths(b.ctx, id)
	b.must("DiskPaths", err)
	if paths[disk.ID] != disk.Path {
		b.Errorf("disk %s is at %q, not %q", disk.ID, paths[disk.ID], disk.Path)
	}
}
