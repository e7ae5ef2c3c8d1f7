package vms

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// planDisks chooses a storage domain for each image: an active data domain of the host's
// data center, which the host sees, and whose file system the image is on.
func (r *room) planDisks(tx *inventory.Tx, call *engine.Call, on *model.Host, spec *host.GuestSpec, params *AdoptParams) error {
	params.Owner = image.Owner{UID: on.Facts.ImageUID, GID: on.Facts.ImageGID}
	params.Disks, params.Paths, params.Kept = nil, nil, nil
	all := tx.StorageDomains.All()
	domains := candidates(all, engine.DataCenterOf(tx, on.Cluster), params.StorageDomain)
	for i, given := range spec.Disks {
		if slices.Contains(params.Paths, given.Path) {
			return fault.New(fault.StateConflict, call.Verb+" VM", fmt.Sprintf("It has the image %s twice.", given.Path))
		}
		disk := &model.Disk{
			ID: model.NewID(), Alias: fmt.Sprintf("%s_Disk%d", spec.Name, i+1), Volume: model.NewID(), Format: given.Format, Sparse: true,
			Interface: given.Interface, Bootable: given.Bootable, Status: model.DiskOK, CreationTime: params.VM.CreationTime, Adopted: true,
		}
		foreign := image.Foreign{Path: given.Path, Format: given.Format, UID: params.Owner.UID, Domains: all}
		fits, err := engine.Outside(call, "image "+given.Path, func(ctx context.Context) (adoptable, error) {
			return r.tryDomains(ctx, on, domains, foreign)
		})
		if engine.IsOutside(err) {
			return err
		}
		if err != nil {
			return refuseForDomains(call.Verb, given.Path, domains, err)
		}
		disk.StorageDomain, disk.ProvisionedSize, disk.ActualSize = fits.domain, fits.Size, fits.Size
		if err := engine.CheckDiskTexts(call.Verb, disk); err != nil {
			return err
		}
		params.Disks, params.Paths, params.Kept = append(params.Disks, disk), append(params.Paths, given.Path), append(params.Kept, fits.Kept)
		params.VM.Disks = append(params.VM.Disks, model.DiskAttachment{
			Disk: disk.ID, Interface: given.Interface, Bootable: given.Bootable, Active: true, ReadOnly: given.ReadOnly,
		})
	}
	return nil
}

// candidates are the storage domains that images could be in; wanted is one, or empty.
func candidates(all []*model.StorageDomain, center, wanted model.ID) (found []*model.StorageDomain) {
	for _, domain := range all {
		if domain.Type == model.StorageDomainData && domain.DataCenter == center && domain.Status == model.StorageDomainActive &&
			(wanted == "" || domain.ID == wanted) {
			found = append(found, domain)
		}
	}
	return found
}

// adoptable is where an image can be a disk, and what it is.
type adoptable struct {
	domain model.ID
	image.Found
}

// tryDomains finds the first storage domain that can have an image. Nothing is changed.
func (r *room) tryDomains(ctx context.Context, on *model.Host, domains []*model.StorageDomain, foreign image.Foreign) (adoptable, error) {
	err := error(image.ErrElsewhere)
	for _, domain := range domains {
		found, looked := r.Images.Look(ctx, domain, foreign)
		if errors.Is(looked, image.ErrElsewhere) {
			continue
		}
		if looked != nil {
			return adoptable{}, looked
		}
		if why := r.See(ctx, on, domain); why != "" {
			err = unfit(fmt.Sprintf("Its host does not have the image %s in a storage domain: %s.", foreign.Path, why))
			continue
		}
		conn, connected := r.Machines.Connected(on.ID)
		if connected != nil {
			return adoptable{}, errSilent
		}
		err := sameThere(ctx, conn, on, foreign.Path, foreign.Path, found.Head)
		if _, told := errors.AsType[unfit](err); err != nil && !told {
			err = errSilent
		}
		return adoptable{domain.ID, found}, err
	}
	return adoptable{}, err
}

// unfit is the sentence for why an image is not that of the guest, or cannot be said to.
type unfit string

func (u unfit) Error() string { return string(u) }

const errSilent unfit = "The host does not answer."

// sameThere refuses a file that is not what a host finds at a path: the definition of the
// guest names a file of the host, and it is one of this machine that would become a
// disk. A host that makes a path up does not know how the file begins. image is the path
// in messages.
func sameThere(ctx context.Context, conn host.Host, on *model.Host, image, path string, head []byte) error {
	there, err := conn.ReadFile(ctx, path)
	if refused, ok := errors.AsType[*host.RefusedError](err); ok {
		return unfit(fmt.Sprintf("Its image %s cannot be compared with what the host %s has: %s.", image, on.Name, refused.Reason))
	}
	if err != nil {
		return err
	}
	first := func(head []byte) []byte { return head[:min(len(head), enoughHead)] }
	telling := on.Facts.Local || written(first(head))
	switch {
	case !bytes.Equal(first(there), first(head)), !telling && !bytes.Equal(there, head):
		return unfit(fmt.Sprintf("Its image %s is another file on the host %s than on the engine's machine.", image, on.Name))
	case !telling && !written(head):
		return unfit(fmt.Sprintf("Its image %s begins with nothing but zeros, which do not tell it from another file on the host %s.", image, on.Name))
	}
	return nil
}

// enoughHead is how much of the beginning of an image tells it from others, in bytes:
// what follows may be written to at this moment, and is compared only if there are zeros
// before. On one machine there is one file at a path.
const enoughHead = 1 << 10

func written(head []byte) bool {
	return slices.ContainsFunc(head, func(value byte) bool { return value != 0 })
}

func refuseForDomains(verb, path string, domains []*model.StorageDomain, err error) error {
	if len(domains) == 0 {
		return fault.New(fault.StateConflict, verb+" VM", "There is no active data storage domain that its disks could be in.")
	}
	if len(domains) > 1 && errors.Is(err, image.ErrElsewhere) {
		return fault.New(fault.StateConflict, verb+" VM", fmt.Sprintf(
			"Its image %s is not on the file system of any data storage domain: add one there, or copy it into one (virsh blockcopy).", path)).Because(err)
	}
	return refuseImage(verb, path, domains[0], err)
}
