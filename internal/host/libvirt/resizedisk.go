package libvirt

import (
	"context"

	"github.com/digitalocean/go-libvirt"

	"vireo/internal/host"
	"vireo/internal/model"
)

// ResizeDisk lets QEMU grow the image and tell the guest. A disk that is that
// large already is told so again, which changes nothing: the size that libvirt
// knows may be the file's, and QEMU not have seen it yet.
func (h *hypervisor) ResizeDisk(ctx context.Context, id, disk model.ID, size int64) error {
	definition, err := h.devices(ctx, id)
	if err != nil {
		return err
	}
	found := findDisk(definition, disk)
	if found == nil || found.Target == nil {
		return refuse(host.RefusedResource, "the guest has no disk %s", disk)
	}
	return h.plain(ctx, id, "growing the disk", func(rpc *libvirt.Libvirt, domain libvirt.Domain) error {
		_, capacity, _, err := rpc.DomainGetBlockInfo(domain, found.Target.Dev, 0)
		if err != nil {
			return err
		}
		if uint64(size) < capacity {
			return refuse(host.RefusedUnsupported, "the disk %s has %d bytes and cannot shrink", disk, capacity)
		}
		return rpc.DomainBlockResize(domain, found.Target.Dev, uint64(size), libvirt.DomainBlockResizeBytes)
	})
}
