package engine

import (
	"context"
	"errors"

	"vireo/internal/engine/placement"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// DiskSpec says how a host is to give a disk to a guest: the one of these overlays
// that is the disk's, or else the disk itself. The image is checked on the way: it
// must be what it is declared to be.
func (e *Engine) DiskSpec(ctx context.Context, attachment model.DiskAttachment, overlays ...model.Overlay) (host.DiskSpec, error) {
	return e.DiskSpecTo(ctx, "run VM", attachment, overlays...)
}

// DiskSpecTo is DiskSpec for another command than start: what is the command in
// messages.
func (e *Engine) DiskSpecTo(ctx context.Context, what string, attachment model.DiskAttachment, overlays ...model.Overlay) (host.DiskSpec, error) {
	disk, ok := e.Inventory.Disks.Get(attachment.Disk)
	if !ok {
		return host.DiskSpec{}, fault.Missing(string(attachment.Disk))
	}
	domain, ok := e.Inventory.StorageDomains.Get(disk.StorageDomain)
	if !ok {
		return host.DiskSpec{}, fault.New(fault.DomainNotFound, what)
	}
	if err := e.ownAgain(ctx, domain, disk); err != nil {
		return host.DiskSpec{}, StorageFault(what, domain, err)
	}
	path, format, err := e.imageOf(ctx, domain, disk, overlays)
	if err != nil {
		return host.DiskSpec{}, StorageFault(what, domain, err)
	}
	return host.DiskSpec{
		ID: disk.ID, Path: path, Format: format, Interface: attachment.Interface,
		ReadOnly: attachment.ReadOnly, Shareable: disk.Shareable, Bootable: attachment.Bootable,
		PropagateErrors: disk.PropagateErrors,
	}, nil
}

// imageOf is the path and format of what a guest writes to: an overlay of the disk
// if there is one among these, else the disk's own volume.
func (e *Engine) imageOf(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, overlays []model.Overlay) (string, model.DiskFormat, error) {
	for _, overlay := range overlays {
		if overlay.Disk == disk.ID {
			path, err := e.Images.OverlayPath(ctx, domain, disk, overlay.Volume)
			return path, model.DiskCOW, err
		}
	}
	path, err := e.Images.Path(ctx, domain, disk)
	return path, disk.Format, err
}

// NICSpec says how a host is to give a network interface to a guest.
func (e *Engine) NICSpec(nic model.NIC, on *model.Host) host.NICSpec {
	spec := host.NICSpec{ID: nic.ID, MAC: nic.MAC, Model: nic.Interface, Linked: nic.Linked}
	if network, ok := e.Inventory.Networks.Get(nic.Network); ok {
		link, _ := placement.Attachment(network, on, e.Inventory.Attachments.All())
		spec.Network, spec.Bridge, spec.User = link.Network, link.Bridge, link.User
		if !link.User {
			spec.MTU = network.MTU
		}
	}
	return spec
}

// ISODomain finds the active ISO domain of a VM's data center.
func (e *Engine) ISODomain(vm *model.VM) (*model.StorageDomain, bool) {
	cluster, ok := e.Inventory.Clusters.Get(vm.Cluster)
	if !ok {
		return nil, false
	}
	for _, domain := range e.Inventory.StorageDomains.All() {
		if domain.Type == model.StorageDomainISO && domain.DataCenter == cluster.DataCenter &&
			domain.Status == model.StorageDomainActive {
			return domain, true
		}
	}
	return nil, false
}

// ISOPath is the path of a file of the VM's ISO domain; "" for no file.
func (e *Engine) ISOPath(ctx context.Context, vm *model.VM, name string) (string, error) {
	if name == "" {
		return "", nil
	}
	domain, ok := e.ISODomain(vm)
	if !ok {
		return "", fault.New(fault.NoISOFile, "run", name)
	}
	path, err := e.Images.FilePath(ctx, domain, name)
	if err != nil {
		return "", fault.New(fault.NoISOFile, "run", name).Because(err)
	}
	return path, nil
}

// CheckISOFile refuses a file that the VM's ISO domain does not have, with the
// refusal of that code. The error may be one of Outside, to be returned as it is.
func (e *Engine) CheckISOFile(call *Call, vm *model.VM, name, code string) error {
	verb := call.Verb
	if call.On != model.KindVM {
		verb += " of"
	}
	_, err := Outside(call, "iso "+name, func(ctx context.Context) (string, error) {
		path, err := e.ISOPath(ctx, vm, name)
		if err != nil {
			err = fault.New(code, verb, name).Because(err)
		}
		return path, err
	})
	return err
}

// StorageFault is the fault for an error of a storage domain. Paths stay in the
// log.
func StorageFault(what string, domain *model.StorageDomain, err error) error {
	place, misplaced := errors.AsType[*image.PlaceError](err)
	switch {
	case err == nil:
		return nil
	case misplaced:
		return fault.New(fault.StorageFailed, what, domain.Name, place.Why).Because(err)
	case errors.Is(err, image.ErrNoSpace):
		return fault.New(fault.DiskSpaceLow, what, domain.Name).Because(err)
	case errors.Is(err, image.ErrNotFound):
		return fault.New(fault.StorageFailed, what, domain.Name, "the image is not there").Because(err)
	case errors.Is(err, image.ErrUnsafe):
		return fault.New(fault.StorageFailed, what, domain.Name, "the image is not what it is declared to be").Because(err)
	case errors.Is(err, image.ErrUnavailable):
		return fault.New(fault.StorageFailed, what, domain.Name, "it is not available").Because(err)
	}
	return fault.New(fault.StorageFailed, what, domain.Name, "see the engine's log").Because(err)
}

// AlignNextRun gives the configuration that waits for a VM to go down the
// devices and tags that the VM has now: they have commands of their own.
func AlignNextRun(vm *model.VM) {
	if vm.NextRun != nil {
		now := model.Clone(&vm.VMConfig)
		vm.NextRun.Disks, vm.NextRun.NICs, vm.NextRun.CDROM, vm.NextRun.Tags = now.Disks, now.NICs, now.CDROM, now.Tags
	}
}

// Free refuses a call while jobs hold any of these objects: for commands that
// change what they do not lock themselves.
func (e *Engine) Free(tx *inventory.Tx, call *Call, refs ...model.Ref) error {
	for _, ref := range refs {
		if _, held := tx.Holder(ref); held {
			return fault.New(fault.ObjectLocked, call.Verb, e.nameOf(call))
		}
	}
	return nil
}
