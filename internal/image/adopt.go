package image

import (
	"context"
	"errors"
	"io/fs"

	"vireo/internal/model"
)

// What is said of files that cannot be adopted, beside ErrNotFound and ErrUnsafe.
var (
	// ErrElsewhere says that a file is not on the file system of the storage domain.
	ErrElsewhere = errors.New("it is not on the file system of the storage domain")
	// ErrOtherOwner says that a file is not that of the user that QEMU runs as.
	ErrOtherOwner = errors.New("it does not belong to the user that QEMU runs as")
	// ErrLinked says that a file has other names, under which it may be a disk already.
	ErrLinked = errors.New("it has other names")
)

// Foreign is a file that is said to be the image of a guest. Who says so is not trusted.
type Foreign struct {
	Path   string
	Format model.DiskFormat
	// UID is the user that QEMU runs as on the guest's host, to whom the file must belong:
	// libvirt gives images to that user for as long as a guest runs, and where it is told
	// not to (dynamic_ownership = 0) QEMU could not write to another's. Negative is the
	// engine's own user. No file qualifies if it is root: by its owner an image
	// could not be told from the secrets of the machine then.
	UID int
	// Domains are all storage domains: what lies in one is a disk already.
	Domains []*model.StorageDomain
}

// HeadSize is how much of the beginning of an image is kept, in bytes.
const HeadSize = 64 << 10

// Found is what a file was found to be.
type Found struct {
	// Size is that of the disk, in bytes.
	Size int64
	Kept
	// Head is how the file begins, at most HeadSize.
	Head []byte
}

// Kept is what an image is given back with.
type Kept struct {
	Owner Owner       `json:"owner"`
	Mode  fs.FileMode `json:"mode"`
}

// Adoptions makes volumes of images that lie beside a storage domain.
type Adoptions interface {
	// Look says what a file is that Adopt would take, and changes nothing. It must be a
	// regular file that no symbolic link leads to, on the domain's file system
	// (ErrElsewhere), outside of the engine's own directory and of every storage domain,
	// without another name (ErrLinked), QEMU's (ErrOtherOwner), of the format that is
	// declared, and stand alone (ErrUnsafe).
	Look(ctx context.Context, domain *model.StorageDomain, foreign Foreign) (Found, error)
	// Adopt makes such a file a volume of a group of its own: another name for the same
	// bytes, also while a guest writes to them. The file keeps its name, its owner and its
	// mode; spec.Size and the format of spec are not looked at. Done twice it is done once;
	// that fails it leaves nothing. Remove takes the name away again.
	Adopt(ctx context.Context, domain *model.StorageDomain, spec VolumeSpec, foreign Foreign) (Found, error)
	// Own gives a disk's own volume to QEMU's user, so that its group can use it too:
	// libvirt gives images of guests that are not Vireo's to others.
	Own(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, owner Owner) error
	// GiveBack undoes Own: the volume gets the owner and the mode that it had. One that is
	// not there is success.
	GiveBack(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, kept Kept) error
}
