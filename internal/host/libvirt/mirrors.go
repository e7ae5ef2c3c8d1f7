package libvirt

import (
	"context"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"vireo/internal/host"
	"vireo/internal/model"
)

// mirrorFlags: the file is there already; libvirt need not bring the job back when the
// guest is started again, because our definitions last for one run; and what the guest
// writes is only done when it is in both, so that the copy always comes to its end and
// the two stay alike.
const mirrorFlags = libvirt.DomainBlockCopyReuseExt | libvirt.DomainBlockCopyTransientJob | libvirt.DomainBlockCopySynchronousWrites

// blockCopy is libvirt's word for what a mirror is to it.
const blockCopy = "copy"

// BeginMirror starts libvirt's copy.
func (h *hypervisor) BeginMirror(ctx context.Context, id model.ID, mirror host.Mirror) error {
	at, err := h.mirrorOf(ctx, id, mirror)
	if err != nil || at.state != host.MirrorNone {
		return err
	}
	target := libvirtxml.DomainDisk{
		Driver: &libvirtxml.DomainDiskDriver{Name: "qemu", Type: imageFormat(mirror.Format)},
		Source: fileSource(mirror.To),
	}
	flags := mirrorFlags
	if mirror.Shallow {
		flags |= libvirt.DomainBlockCopyShallow
	}
	return h.change(ctx, id, "beginning to mirror the disk", &target, func(rpc *libvirt.Libvirt, domain libvirt.Domain, text string) error {
		return rpc.DomainBlockCopy(domain, at.device, text, nil, flags)
	})
}

// FollowMirror looks. A copy that has failed is gone from the definition a moment before
// QEMU is done with it.
func (h *hypervisor) FollowMirror(ctx context.Context, id model.ID, mirror host.Mirror) (host.MirrorProgress, error) {
	at, err := h.mirrorOf(ctx, id, mirror)
	if at.ending {
		return host.MirrorProgress{State: host.Mirroring, Done: at.done, Total: at.total}, nil
	}
	return host.MirrorProgress{State: at.state, Done: at.done, Total: at.total}, err
}

// PivotMirror ends the copy so that the guest stays with the new place. libvirt then
// also changes the definition, which is there when the guest has ended.
func (h *hypervisor) PivotMirror(ctx context.Context, id model.ID, mirror host.Mirror) error {
	at, err := h.mirrorOf(ctx, id, mirror)
	switch {
	case err != nil || at.state == host.Mirrored:
		return err
	case at.state != host.MirrorAlike:
		return refuse(host.RefusedState, "the disk %s and its mirror are not alike", mirror.Disk)
	}
	_, err = command(ctx, h, h.work, id, "ending the mirror of the disk", func(rpc *libvirt.Libvirt) (struct{}, error) {
		return struct{}{}, rpc.DomainBlockJobAbort(domainOf(id), at.device, libvirt.DomainBlockJobAbortPivot)
	})
	return err
}

// AbortMirror ends the copy, and returns when it has ended.
func (h *hypervisor) AbortMirror(ctx context.Context, id, disk model.ID) error {
	definition, err := h.liveDefinition(ctx, domainOf(id))
	if err != nil || definition.ID == nil || definition.Devices == nil {
		return err
	}
	found := findDisk(definition, disk)
	if found == nil || found.Target == nil || found.Mirror == nil || found.Mirror.Job != blockCopy {
		return nil
	}
	_, err = command(ctx, h, h.work, id, "giving up the mirror of the disk", func(rpc *libvirt.Libvirt) (struct{}, error) {
		return struct{}{}, rpc.DomainBlockJobAbort(domainOf(id), found.Target.Dev, 0)
	})
	return err
}

// mirrorAt is what there is of a mirror.
type mirrorAt struct {
	state       host.MirrorState
	device      string
	done, total int64
	// ending: QEMU works on the disk, and libvirt knows of no mirror of it.
	ending bool
}

func (h *hypervisor) mirrorOf(ctx context.Context, id model.ID, mirror host.Mirror) (mirrorAt, error) {
	at := mirrorAt{state: host.MirrorNone}
	found, err := h.diskOfGuest(ctx, id, mirror.Disk)
	if err != nil {
		return at, err
	}
	at.device = found.Target.Dev
	job, err := h.blockJob(ctx, id, at.device)
	if err != nil {
		return at, err
	}
	at.done, at.total = job.done, job.total
	switch {
	case sourcePath(found) == mirror.To:
		at.state = host.Mirrored
	case found.Mirror != nil && found.Mirror.Job == blockCopy && mirrorPath(found.Mirror) == mirror.To:
		at.state = host.Mirroring
		if found.Mirror.Ready == "yes" {
			at.state = host.MirrorAlike
		}
	case found.Mirror != nil || job.goesOn:
		at.ending = found.Mirror == nil
		return at, refuse(host.RefusedState, "the disk %s is at other work", mirror.Disk)
	}
	return at, nil
}

func mirrorPath(mirror *libvirtxml.DomainDiskMirror) string {
	if mirror.Source == nil || mirror.Source.File == nil {
		return ""
	}
	return mirror.Source.File.File
}
