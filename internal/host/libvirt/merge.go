package libvirt

import (
	"context"
	"slices"
	"strings"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"vireo/internal/host"
	"vireo/internal/model"
)

// activeCommit is libvirt's word for a merge of the active volume: it becomes ready, and
// goes on bringing over what is written until it is told to end.
const activeCommit = "active-commit"

// BeginMerge starts libvirt's commit. The volume above the upper one refers to the lower
// one afterwards as it did to the upper one: by its bare name.
func (h *hypervisor) BeginMerge(ctx context.Context, id model.ID, merge host.Merge) error {
	at, err := h.mergeOf(ctx, id, merge)
	if err != nil || at.state != host.MergeNone {
		return err
	}
	flags := libvirt.DomainBlockCommitRelative
	if at.chain[0] == merge.Top {
		flags = libvirt.DomainBlockCommitActive
	}
	return h.plain(ctx, id, "beginning a merge", func(rpc *libvirt.Libvirt, domain libvirt.Domain) error {
		return rpc.DomainBlockCommit(domain, at.device, libvirt.OptString{merge.Base}, libvirt.OptString{merge.Top}, 0, flags)
	})
}

// FollowMerge looks, and ends a merge of the active volume that is ready.
func (h *hypervisor) FollowMerge(ctx context.Context, id model.ID, merge host.Merge) (host.MergeProgress, error) {
	at, err := h.mergeOf(ctx, id, merge)
	if err != nil || !at.ready {
		return host.MergeProgress{State: at.state, Done: at.done, Total: at.total}, err
	}
	err = h.plain(ctx, id, "ending a merge", func(rpc *libvirt.Libvirt, domain libvirt.Domain) error {
		return rpc.DomainBlockJobAbort(domain, at.device, libvirt.DomainBlockJobAbortPivot)
	})
	if err != nil {
		return host.MergeProgress{}, err
	}
	at, err = h.mergeOf(ctx, id, merge)
	return host.MergeProgress{State: at.state, Done: at.done, Total: at.total}, err
}

// AbortMerge ends whatever goes on with the disk.
func (h *hypervisor) AbortMerge(ctx context.Context, id, disk model.ID) error {
	definition, err := h.liveDefinition(ctx, domainOf(id))
	if err != nil || definition.ID == nil || definition.Devices == nil {
		return err
	}
	found := findDisk(definition, disk)
	if found == nil || found.Target == nil {
		return nil
	}
	job, err := h.blockJob(ctx, id, found.Target.Dev)
	if err != nil || !job.goesOn && found.Mirror == nil {
		return err
	}
	return h.plain(ctx, id, "aborting a merge", func(rpc *libvirt.Libvirt, domain libvirt.Domain) error {
		return rpc.DomainBlockJobAbort(domain, found.Target.Dev, 0)
	})
}

// mergeAt is what there is of a merge.
type mergeAt struct {
	state       host.MergeState
	device      string
	chain       []string
	ready       bool
	done, total int64
}

// mergeOf looks at a disk. The job is asked for first and what the disk stands on then:
// a merge that ends in between is seen as merged.
func (h *hypervisor) mergeOf(ctx context.Context, id model.ID, merge host.Merge) (mergeAt, error) {
	at := mergeAt{state: host.MergeNone}
	found, err := h.diskOfGuest(ctx, id, merge.Disk)
	if err != nil {
		return at, err
	}
	at.device = found.Target.Dev
	job, err := h.blockJob(ctx, id, at.device)
	if err != nil {
		return at, err
	}
	if found, err = h.diskOfGuest(ctx, id, merge.Disk); err != nil {
		return at, err
	}
	at.chain = chainOf(found)
	at.done, at.total = job.done, job.total
	switch {
	case found.Mirror != nil && found.Mirror.Job == activeCommit:
		at.state, at.ready = host.Merging, found.Mirror.Ready == "yes"
	case !slices.Contains(at.chain, merge.Base):
		return at, refuse(host.RefusedResource, "the disk %s does not stand on %s", merge.Disk, merge.Base)
	case !slices.Contains(at.chain, merge.Top):
		at.state = host.Merged
	case job.goesOn && job.kind == libvirt.DomainBlockJobTypeCommit:
		at.state = host.Merging
	case job.goesOn || found.Mirror != nil:
		return at, refuse(host.RefusedState, "the disk %s is at other work", merge.Disk)
	}
	return at, nil
}

func (h *hypervisor) diskOfGuest(ctx context.Context, id, disk model.ID) (*libvirtxml.DomainDisk, error) {
	definition, err := h.devices(ctx, id)
	if err != nil {
		return nil, err
	}
	found := findDisk(definition, disk)
	if found == nil || found.Target == nil {
		return nil, refuse(host.RefusedResource, "the guest has no disk %s", disk)
	}
	return found, nil
}

// blockJob is what goes on with a disk.
type blockJob struct {
	goesOn      bool
	kind        libvirt.DomainBlockJobType
	done, total int64
}

func (h *hypervisor) blockJob(ctx context.Context, id model.ID, device string) (blockJob, error) {
	return command(ctx, h, h.control, id, "looking at a merge", func(rpc *libvirt.Libvirt) (blockJob, error) {
		found, kind, _, done, total, err := rpc.DomainGetBlockJobInfo(domainOf(id), device, 0)
		return blockJob{found != 0, libvirt.DomainBlockJobType(kind), int64(done), int64(total)}, err
	})
}

// chainOf are the paths of a disk's volumes, the active one first.
func chainOf(disk *libvirtxml.DomainDisk) []string {
	chain := []string{sourcePath(disk)}
	for below := disk.BackingStore; below != nil; below = below.BackingStore {
		if below.Source != nil && below.Source.File != nil {
			chain = append(chain, below.Source.File.File)
		}
	}
	return chain
}

// diskOf is which disk of ours a device is.
func diskOf(disk *libvirtxml.DomainDisk) (model.ID, bool) {
	if disk.Alias == nil || disk.Device != "disk" {
		return "", false
	}
	id, ours := strings.CutPrefix(disk.Alias.Name, aliasPrefix)
	return model.ID(id), ours
}
