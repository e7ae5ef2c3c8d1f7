package fake

import (
	"context"
	"fmt"

	"vireo/internal/host"
	"vireo/internal/model"
)

// merging is a merge that goes on.
type merging struct {
	host.Merge
	// ready says that the time it takes has passed.
	ready bool
}

// TakeSnapshot switches disks to other volumes, and keeps what a restore needs.
func (c *connection) TakeSnapshot(ctx context.Context, id model.ID, snapshot host.SnapshotSpec) error {
	return c.live(ctx, "TakeSnapshot", id, func(g *guest) error {
		switched := 0
		for _, disk := range snapshot.Disks {
			i := g.disk(disk.ID)
			if i < 0 {
				return Refuse(host.RefusedResource, fmt.Sprintf("the guest has no disk %s", disk.ID))
			}
			if g.disks[i].Path == disk.Path {
				switched++
			}
		}
		if switched > 0 && switched == len(snapshot.Disks) {
			return nil
		}
		if err := g.keepMemory(snapshot.Memory); err != nil {
			return err
		}
		for _, disk := range snapshot.Disks {
			g.switchTo(disk.ID, disk.Path, disk.Format)
		}
		return nil
	})
}

// keepMemory writes the guest's memory to a path, if there is one.
func (g *guest) keepMemory(path string) error {
	if path == "" {
		return nil
	}
	w := g.machine.world
	delete(w.saved, path)
	onDisk, err := w.reserve(path)
	if err != nil {
		return err
	}
	_, uptime := g.times()
	state := &savedState{
		Guest: g.spec.ID, Name: g.spec.Name, Epoch: g.spec.Epoch, Booted: g.booted, Uptime: uptime, Frozen: g.frozen,
		Kept: true, onDisk: onDisk,
	}
	if onDisk {
		if err := state.write(path); err != nil {
			return Refuse(host.RefusedResource, err.Error())
		}
	}
	w.saved[path] = state
	return nil
}

// switchTo lets a disk be written at another path.
func (g *guest) switchTo(disk model.ID, path string, format model.DiskFormat) {
	i, w := g.disk(disk), g.machine.world
	w.dropWriter(g, g.disks[i])
	g.disks[i].Path, g.disks[i].Format = path, format
	w.watchWriter(g, g.disks[i])
}

// DiskPaths gives where the disks are, or were.
func (c *connection) DiskPaths(ctx context.Context, id model.ID) (map[model.ID]string, error) {
	paths := make(map[model.ID]string)
	err := c.call(ctx, "DiskPaths", id, "", func() (*operation, error) {
		g, err := c.machine.find(id)
		if err != nil {
			return nil, err
		}
		for _, disk := range g.disks {
			paths[disk.ID] = disk.Path
		}
		return nil, nil
	})
	return paths, err
}

// BeginMerge begins a merge, which takes the time of a save.
func (c *connection) BeginMerge(ctx context.Context, id model.ID, merge host.Merge) error {
	return c.live(ctx, "BeginMerge", id, func(g *guest) error {
		i := g.disk(merge.Disk)
		if i < 0 {
			return Refuse(host.RefusedResource, fmt.Sprintf("the guest has no disk %s", merge.Disk))
		}
		if g.merges[merge.Disk] != nil {
			return nil
		}
		under, err := standing(g.disks[i].Path, merge)
		if err != nil || !under {
			return err
		}
		begun := &merging{Merge: merge}
		g.merges[merge.Disk] = begun
		c.world.after(c.world.options.SaveDelay, func() { begun.ready = true })
		return nil
	})
}

// FollowMerge ends a merge whose time has passed.
func (c *connection) FollowMerge(ctx context.Context, id model.ID, merge host.Merge) (progress host.MergeProgress, err error) {
	err = c.live(ctx, "FollowMerge", id, func(g *guest) error {
		i := g.disk(merge.Disk)
		if i < 0 {
			return Refuse(host.RefusedResource, fmt.Sprintf("the guest has no disk %s", merge.Disk))
		}
		progress = host.MergeProgress{State: host.Merging, Total: 100}
		begun := g.merges[merge.Disk]
		if begun == nil {
			under, err := standing(g.disks[i].Path, merge)
			progress.State = host.Merged
			if under {
				progress.State = host.MergeNone
			}
			return err
		}
		if !begun.ready {
			return nil
		}
		if err := g.merge(i, merge); err != nil {
			return err
		}
		delete(g.merges, merge.Disk)
		progress.State, progress.Done = host.Merged, progress.Total
		return nil
	})
	return progress, err
}

// merge puts the lower volume in the place of the upper one. No guest here has written
// anything that would have to be copied.
func (g *guest) merge(disk int, merge host.Merge) error {
	if g.disks[disk].Path == merge.Top {
		g.switchTo(merge.Disk, merge.Base, formatOf(merge.Base))
		return nil
	}
	return restack(g.disks[disk].Path, merge)
}

// AbortMerge forgets a merge.
func (c *connection) AbortMerge(ctx context.Context, id, disk model.ID) error {
	return c.call(ctx, "AbortMerge", id, "", func() (*operation, error) {
		g, err := c.machine.find(id)
		if err == nil {
			delete(g.merges, disk)
		}
		return nil, err
	})
}

// AbortMerges is a QEMU that gives up all its merges, as for lack of space.
func (m *Machine) AbortMerges(name string) {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	clear(m.guest(name).merges)
}
