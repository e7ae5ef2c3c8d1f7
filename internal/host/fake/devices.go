package fake

import (
	"context"
	"fmt"
	"slices"

	"vireo/internal/host"
	"vireo/internal/model"
)

// ChangeCDROM changes the medium.
func (c *connection) ChangeCDROM(ctx context.Context, id model.ID, path string) error {
	return c.live(ctx, "ChangeCDROM", id, func(g *guest) error {
		if g.cdrom != path {
			g.cdrom = path
			g.emit(host.EventMediumChanged, func(e *host.Event) { e.Path = path })
		}
		return nil
	})
}

// PlugDisk adds a disk.
func (c *connection) PlugDisk(ctx context.Context, id model.ID, disk host.DiskSpec) error {
	return c.live(ctx, "PlugDisk", id, func(g *guest) error {
		if i := g.disk(disk.ID); i >= 0 {
			if g.disks[i].Path != disk.Path {
				return Refuse(host.RefusedExists, fmt.Sprintf("disk %s is plugged with another file", disk.ID))
			}
			return nil
		}
		g.disks = append(g.disks, disk)
		c.world.watchWriter(g, disk)
		return nil
	})
}

// UnplugDisk takes a disk away.
func (c *connection) UnplugDisk(ctx context.Context, id, disk model.ID) error {
	return c.live(ctx, "UnplugDisk", id, func(g *guest) error {
		if i := g.disk(disk); i >= 0 {
			c.world.dropWriter(g, g.disks[i])
			g.disks = slices.Delete(g.disks, i, i+1)
			delete(g.sizes, disk)
		}
		return nil
	})
}

// ResizeDisk makes a disk larger. How large one was that has not grown yet is not
// known here.
func (c *connection) ResizeDisk(ctx context.Context, id, disk model.ID, size int64) error {
	return c.live(ctx, "ResizeDisk", id, func(g *guest) error {
		if g.disk(disk) < 0 {
			return Refuse(host.RefusedResource, fmt.Sprintf("the guest has no disk %s", disk))
		}
		if size < g.sizes[disk] {
			return Refuse(host.RefusedUnsupported, fmt.Sprintf("disk %s cannot shrink", disk))
		}
		g.sizes[disk] = size
		return nil
	})
}

// PlugNIC adds a NIC.
func (c *connection) PlugNIC(ctx context.Context, id model.ID, nic host.NICSpec) error {
	return c.live(ctx, "PlugNIC", id, func(g *guest) error {
		if g.nic(nic.MAC) >= 0 {
			return nil
		}
		if err := c.machine.hasNetwork(nic); err != nil {
			return err
		}
		g.nics = append(g.nics, nic)
		return nil
	})
}

// UnplugNIC takes a NIC away.
func (c *connection) UnplugNIC(ctx context.Context, id model.ID, mac string) error {
	return c.live(ctx, "UnplugNIC", id, func(g *guest) error {
		if i := g.nic(mac); i >= 0 {
			g.nics = slices.Delete(g.nics, i, i+1)
		}
		return nil
	})
}

// UpdateNIC changes link and network.
func (c *connection) UpdateNIC(ctx context.Context, id model.ID, nic host.NICSpec) error {
	return c.live(ctx, "UpdateNIC", id, func(g *guest) error {
		i := g.nic(nic.MAC)
		if i < 0 {
			return Refuse(host.RefusedResource, fmt.Sprintf("the guest has no NIC %s", nic.MAC))
		}
		if err := c.machine.hasNetwork(nic); err != nil {
			return err
		}
		g.nics[i] = nic
		return nil
	})
}

func (g *guest) disk(id model.ID) int {
	return slices.IndexFunc(g.disks, func(d host.DiskSpec) bool { return d.ID == id })
}

func (g *guest) nic(mac string) int {
	return slices.IndexFunc(g.nics, func(n host.NICSpec) bool { return n.MAC == mac })
}
