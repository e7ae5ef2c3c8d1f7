package vms

import (
	"context"
	"errors"
	"fmt"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/image"
	"vireo/internal/job"
	"vireo/internal/model"
)

// adoptImages gives each image its name in the storage domain, and has the host look
// whether it is there, too, what the guest has.
func (r *room) adoptImages(ctx context.Context, w *job.Work) error {
	var params AdoptParams
	if err := w.Params(&params); err != nil {
		return err
	}
	for i, disk := range params.Disks {
		domain, ok := r.Inventory.StorageDomains.Get(disk.StorageDomain)
		if !ok {
			return fault.New(fault.DomainNotFound, w.Job.Verb)
		}
		foreign := image.Foreign{
			Path: params.Paths[i], Format: disk.Format, UID: params.Owner.UID, Domains: r.Inventory.StorageDomains.All(),
		}
		found, err := r.Images.Adopt(ctx, domain, adoptedVolume(disk, params.Owner), foreign)
		if err != nil {
			return refuseImage(w.Job.Verb, foreign.Path, domain, err)
		}
		if err := r.compareLinked(ctx, w, domain, disk, foreign.Path, found); err != nil {
			return err
		}
	}
	return nil
}

// compareLinked looks at both names of an image through the host.
func (r *room) compareLinked(ctx context.Context, w *job.Work, domain *model.StorageDomain, disk *model.Disk, path string, found image.Found) error {
	on, ok := r.Inventory.Hosts.Get(w.Job.Target.ID)
	if !ok {
		return fault.New(fault.HostStatusIllegal, w.Job.Verb)
	}
	volume, err := r.Images.Path(ctx, domain, disk)
	if err != nil {
		return engine.StorageFault(w.Job.Verb, domain, err)
	}
	err = r.OnHost(w, on.ID, "HostCallTimeout", func(ctx context.Context, conn host.Host) error {
		if err := sameThere(ctx, conn, on, path, path, found.Head); err != nil {
			return err
		}
		return sameThere(ctx, conn, on, path, volume, found.Head)
	})
	if _, ok := errors.AsType[unfit](err); ok {
		return refuseImage(w.Job.Verb, path, domain, err)
	}
	return r.HostFault(w.Job.Verb, on.ID, err)
}

func adoptedVolume(disk *model.Disk, owner image.Owner) image.VolumeSpec {
	return image.VolumeSpec{
		Disk: disk.ID, Volume: disk.Volume, Format: disk.Format, Sparse: disk.Sparse, Alias: disk.Alias, Owner: owner,
	}
}

func refuseImage(verb, path string, domain *model.StorageDomain, err error) error {
	why, isUnfit := errors.AsType[unfit](err)
	switch {
	case isUnfit:
	case errors.Is(err, image.ErrElsewhere):
		why = unfit(fmt.Sprintf("Its image %s is not on the file system of the storage domain %s.", path, domain.Name))
	case errors.Is(err, image.ErrNotFound):
		why = unfit(fmt.Sprintf("Its image %s is not on the engine's machine, or not at this path.", path))
	case errors.Is(err, image.ErrOtherOwner):
		why = unfit(fmt.Sprintf("Its image %s does not belong to the user that QEMU runs as on its host, or that user is root.", path))
	case errors.Is(err, image.ErrLinked):
		why = unfit(fmt.Sprintf("Its image %s has other names (hard links), and may be a disk by one of them.", path))
	case errors.Is(err, image.ErrUnsafe):
		why = unfit(fmt.Sprintf("Its image %s cannot be a disk: it is no file, is reached through a symbolic link, lies in a storage domain or "+
			"in the engine's own directory, stands on another image, or is of another format than the guest says.", path))
	default:
		return engine.StorageFault(verb+" VM", domain, err)
	}
	return fault.New(fault.StateConflict, verb+" VM", string(why)).Because(err)
}

// leaveImages takes the names away again; the images have those that they had.
func (r *room) leaveImages(ctx context.Context, w *job.Work) error {
	return r.eachAdopted(w, func(_ int, disk *model.Disk, domain *model.StorageDomain) error {
		return r.Images.Remove(ctx, domain, disk.ID, false)
	})
}

// ownImages gives the images to whom a VM's belong. It comes last: until then they are as
// somebody else has made them.
func (r *room) ownImages(ctx context.Context, w *job.Work) error {
	var params AdoptParams
	if err := w.Params(&params); err != nil {
		return err
	}
	return r.eachAdopted(w, func(_ int, disk *model.Disk, domain *model.StorageDomain) error {
		return r.Images.Own(ctx, domain, disk, params.Owner)
	})
}

// giveImagesBack lets them belong to whom they did.
func (r *room) giveImagesBack(ctx context.Context, w *job.Work) error {
	var params AdoptParams
	if err := w.Params(&params); err != nil {
		return err
	}
	return r.eachAdopted(w, func(i int, disk *model.Disk, domain *model.StorageDomain) error {
		return r.Images.GiveBack(ctx, domain, disk, params.Kept[i])
	})
}

// eachAdopted does something to each disk whose storage domain is still there.
func (r *room) eachAdopted(w *job.Work, do func(int, *model.Disk, *model.StorageDomain) error) error {
	var params AdoptParams
	if err := w.Params(&params); err != nil {
		return err
	}
	for i, disk := range params.Disks {
		domain, ok := r.Inventory.StorageDomains.Get(disk.StorageDomain)
		if !ok {
			continue
		}
		if err := do(i, disk, domain); err != nil {
			return engine.StorageFault(w.Job.Verb, domain, err)
		}
	}
	return nil
}
