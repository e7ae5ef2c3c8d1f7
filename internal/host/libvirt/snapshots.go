package libvirt

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"vireo/internal/host"
	"vireo/internal/model"
)

// takenFlags: libvirt keeps no record of snapshots, which is the engine's; the volumes
// are there already; and of several disks all are switched or none.
const takenFlags = libvirt.DomainSnapshotCreateNoMetadata | libvirt.DomainSnapshotCreateReuseExt | libvirt.DomainSnapshotCreateAtomic

// workCheck is how often a guest is looked at that libvirt is still at work on.
const workCheck = 200 * time.Millisecond

// TakeSnapshot switches the disks. An attempt whose caller has died may still be at
// work: it holds the guest paused, and is waited for.
func (h *hypervisor) TakeSnapshot(ctx context.Context, id model.ID, snapshot host.SnapshotSpec) error {
	if err := h.untilIdle(ctx, id); err != nil {
		return err
	}
	definition, err := h.devices(ctx, id)
	if err != nil {
		return err
	}
	taken, text, err := snapshotXML(definition, snapshot)
	if taken || err != nil {
		return err
	}
	flags := takenFlags
	if snapshot.Memory == "" {
		flags |= libvirt.DomainSnapshotCreateDiskOnly
	} else if h.profile.local {
		// The rest of an attempt that came to nothing; no guest is on the new volumes.
		if err := os.Remove(snapshot.Memory); err != nil && !errors.Is(err, os.ErrNotExist) {
			return refuse(host.RefusedResource, "the file for the memory cannot be replaced: %v", err)
		}
	}
	_, err = command(ctx, h, h.work, id, "taking a snapshot", func(rpc *libvirt.Libvirt) (struct{}, error) {
		_, err := rpc.DomainSnapshotCreateXML(domainOf(id), text, uint32(flags))
		return struct{}{}, err
	})
	return err
}

// untilIdle returns when libvirt itself does not hold the guest paused.
func (h *hypervisor) untilIdle(ctx context.Context, id model.ID) error {
	tick := time.NewTicker(workCheck)
	defer tick.Stop()
	for {
		guest, err := h.Guest(ctx, id)
		if err != nil || guest.State != host.Paused || guest.Pause != host.PauseWork {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return gaveUp(ctx, "waiting for the guest")
		}
	}
}

// snapshotXML describes a snapshot of a guest. taken: its disks are there already.
func snapshotXML(definition *libvirtxml.Domain, snapshot host.SnapshotSpec) (taken bool, text string, err error) {
	wanted := make(map[string]host.DiskSpec, len(snapshot.Disks))
	switched := 0
	for _, spec := range snapshot.Disks {
		found := findDisk(definition, spec.ID)
		if found == nil || found.Target == nil {
			return false, "", refuse(host.RefusedResource, "the guest has no disk %s", spec.ID)
		}
		if sourcePath(found) == spec.Path {
			switched++
		}
		wanted[found.Target.Dev] = spec
	}
	if switched == len(wanted) && switched > 0 {
		return true, "", nil
	}
	described := libvirtxml.DomainSnapshot{
		Memory: &libvirtxml.DomainSnapshotMemory{Snapshot: "no"},
		Disks:  &libvirtxml.DomainSnapshotDisks{},
	}
	if snapshot.Memory != "" {
		described.Memory = &libvirtxml.DomainSnapshotMemory{Snapshot: "external", File: snapshot.Memory}
	}
	for _, disk := range definition.Devices.Disks {
		if disk.Target == nil {
			continue
		}
		one := libvirtxml.DomainSnapshotDisk{Name: disk.Target.Dev, Snapshot: "no"}
		if spec, ok := wanted[disk.Target.Dev]; ok {
			one.Snapshot, one.Source = "external", fileSource(spec.Path)
			one.Driver = &libvirtxml.DomainDiskDriver{Type: imageFormat(spec.Format)}
		}
		described.Disks.Disks = append(described.Disks.Disks, one)
	}
	text, err = described.Marshal()
	if err != nil {
		err = refuse(host.RefusedOther, "the snapshot cannot be described: %v", err)
	}
	return false, text, err
}

// DiskPaths reads them from the definition, which libvirt keeps up to date also for a
// guest that has ended.
func (h *hypervisor) DiskPaths(ctx context.Context, id model.ID) (map[model.ID]string, error) {
	definition, err := h.liveDefinition(ctx, domainOf(id))
	if err != nil {
		return nil, err
	}
	paths := make(map[model.ID]string)
	if definition.Devices == nil {
		return paths, nil
	}
	for i := range definition.Devices.Disks {
		disk := &definition.Devices.Disks[i]
		if alias, ours := diskOf(disk); ours {
			paths[alias] = sourcePath(disk)
		}
	}
	return paths, nil
}
