package fake

import (
	"context"
	"fmt"

	"vireo/internal/host"
	"vireo/internal/model"
)

// mirroring is a mirror that goes on.
type mirroring struct {
	host.Mirror
	// alike says that the time it takes has passed.
	alike bool
}

// BeginMirror begins a mirror, which takes the time of a save to become alike.
func (c *connection) BeginMirror(ctx context.Context, id model.ID, mirror host.Mirror) error {
	return c.live(ctx, "BeginMirror", id, func(g *guest) error {
		progress, err := g.mirror(mirror)
		if err != nil || progress.State != host.MirrorNone {
			return err
		}
		begun := &mirroring{Mirror: mirror}
		g.mirrors[mirror.Disk] = begun
		c.world.after(c.world.options.SaveDelay, func() { begun.alike = true })
		return nil
	})
}

// FollowMirror looks.
func (c *connection) FollowMirror(ctx context.Context, id model.ID, mirror host.Mirror) (progress host.MirrorProgress, err error) {
	err = c.live(ctx, "FollowMirror", id, func(g *guest) error {
		progress, err = g.mirror(mirror)
		return err
	})
	return progress, err
}

// PivotMirror lets the guest write to the new place.
func (c *connection) PivotMirror(ctx context.Context, id model.ID, mirror host.Mirror) error {
	return c.live(ctx, "PivotMirror", id, func(g *guest) error {
		progress, err := g.mirror(mirror)
		switch {
		case err != nil || progress.State == host.Mirrored:
			return err
		case progress.State != host.MirrorAlike:
			return Refuse(host.RefusedState, fmt.Sprintf("disk %s and its mirror are not alike", mirror.Disk))
		}
		delete(g.mirrors, mirror.Disk)
		g.switchTo(mirror.Disk, mirror.To, mirror.Format)
		return nil
	})
}

// AbortMirror forgets a mirror.
func (c *connection) AbortMirror(ctx context.Context, id, disk model.ID) error {
	return c.call(ctx, "AbortMirror", id, "", func() (*operation, error) {
		g, err := c.machine.find(id)
		if err == nil {
			delete(g.mirrors, disk)
		}
		return nil, err
	})
}

// mirror is what there is of a mirror.
func (g *guest) mirror(mirror host.Mirror) (host.MirrorProgress, error) {
	i := g.disk(mirror.Disk)
	if i < 0 {
		return host.MirrorProgress{}, Refuse(host.RefusedResource, fmt.Sprintf("the guest has no disk %s", mirror.Disk))
	}
	begun := g.mirrors[mirror.Disk]
	switch {
	case g.disks[i].Path == mirror.To:
		return host.MirrorProgress{State: host.Mirrored}, nil
	case begun == nil && g.merges[mirror.Disk] == nil:
		return host.MirrorProgress{State: host.MirrorNone}, nil
	case begun == nil || begun.To != mirror.To:
		return host.MirrorProgress{}, Refuse(host.RefusedState, fmt.Sprintf("disk %s is at other work", mirror.Disk))
	case begun.alike:
		return host.MirrorProgress{State: host.MirrorAlike, Done: 100, Total: 100}, nil
	}
	return host.MirrorProgress{State: host.Mirroring, Done: 50, Total: 100}, nil
}
