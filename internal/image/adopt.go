package image

import (
	"context"
	"errors"

	"vireo/internal/model"
)

// ErrElsewhere says that a file is not on the file system of the storage domain.
var ErrElsewhere = errors.New("it is not on the file system of the storage domain")

// Adoptions makes volumes of images that lie beside a storage domain.
type Adoptions interface {
	// Adopt makes a file a volume of a group of its own: another name for the same bytes,
	// also while a guest writes to it. The file keeps its name. It must be a regular one, on
	// the domain's file system (ErrElsewhere), outside of every storage domain's own
	// directories, of the format that spec declares, and stand alone (ErrUnsafe).
	// spec.Size is not looked at; size is what it is. Done twice it is done once; that
	// fails it leaves nothing. Remove takes the name away again.
	Adopt(ctx context.Context, domain *model.StorageDomain, spec VolumeSpec, path string) (size int64, err error)
	// Own gives a disk's own volume to QEMU's user again: libvirt gives images of guests
	// that are not Vireo's to others.
	Own(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, owner Owner) error
}
