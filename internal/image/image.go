package image

import (
	"context"
	"errors"

	"vireo/internal/model"
)

// The errors of storage, to be found with errors.Is.
var (
	// ErrNotFound: no such domain, image or file.
	ErrNotFound = errors.New("no such image")
	// ErrNoSpace: the domain is full.
	ErrNoSpace = errors.New("not enough space in the storage domain")
	// ErrUnavailable: the domain's directory is gone, unreadable or read-only,
	// or is not the domain it was.
	ErrUnavailable = errors.New("the storage domain is not available")
	// ErrUnsafe: an image that refers to something outside its domain, or a name
	// that leads out of it.
	ErrUnsafe = errors.New("the image is not safe to use")
)

// Owner is the user and group that QEMU runs as on the host: images belong to
// it with mode 0660. -1 leaves the engine's own.
type Owner struct{ UID, GID int }

// VolumeSpec says what volume to make.
type VolumeSpec struct {
	Disk   model.ID
	Volume model.ID
	Format model.DiskFormat
	Sparse bool
	// Size is the virtual size in bytes.
	Size int64
	// Alias and Description go into the volume's metadata.
	Alias, Description string
	Owner              Owner
	// Shared makes a volume of a template: others may stand on it, and it is not
	// written any more.
	Shared bool
}

// Images does what storage domains can be asked. domain is always a whole
// value as the engine has it; nothing is remembered between calls. What is made
// is never visible half-written under its final name, and made twice is made
// once.
type Images interface {
	Copies
	Links
	Adoptions
	Seals
	Surveys
	Chains
	Volumes
	Groups
	Domains
	Transfers
	Stretches

	// Format makes a new domain's directories and metadata, or accepts the same
	// domain that is there already.
	Format(ctx context.Context, domain *model.StorageDomain) error
	// Check says whether the domain is there, is itself and can be written.
	Check(ctx context.Context, domain *model.StorageDomain) error
	// Space measures it; Committed is left 0.
	Space(ctx context.Context, domain *model.StorageDomain) (model.Space, error)

	// Create makes a volume of a disk.
	Create(ctx context.Context, domain *model.StorageDomain, spec VolumeSpec) error
	// Remove deletes a disk's whole image group, with wipe overwriting it first.
	// Not there is success.
	Remove(ctx context.Context, domain *model.StorageDomain, disk model.ID, wipe bool) error
	// Resize grows a volume to size bytes; that large already, or larger, is success,
	// also while a guest has it open.
	Resize(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, size int64) error
	// Reserve gives the file of a preallocated raw volume size bytes of space, also
	// while a guest has it open, which sees nothing of that before its host is told
	// to grow the disk. When it fails the file is as large as before. Resize comes
	// after it and sees to the metadata.
	Reserve(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, size int64) error
	// Occupied is the bytes that the disk's volumes take up.
	Occupied(ctx context.Context, domain *model.StorageDomain, disk model.ID) (int64, error)
	// Path is the absolute path of a disk's volume, after checking that the
	// image is of the declared format and refers to nothing outside its group.
	Path(ctx context.Context, domain *model.StorageDomain, disk *model.Disk) (string, error)

	// Overlay makes a volume on top of the disk's own, in its group, that takes
	// what one run writes: the disk's own is only read from then on. It is sparse,
	// of the format cow and as large as the disk's own, which must pass Path. A
	// disk may have several; they know nothing of each other.
	Overlay(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, volume model.ID, owner Owner) error
	// OverlayPath is its absolute path, after checking the disk's own volume as
	// Path does and that the overlay stands on it and is as large.
	OverlayPath(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, volume model.ID) (string, error)
	// RemoveOverlay deletes it, overwriting it first where the disk says so. The
	// disk's own volume is refused with ErrUnsafe. Not there is success, also when
	// the whole group is gone; of a disk that nobody knows any more its id will do.
	RemoveOverlay(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, volume model.ID) error

	// PrepareSaved makes the two image groups of a saved state and returns the
	// path where the memory is to be written, which does not exist yet. config is
	// kept in the second one.
	PrepareSaved(ctx context.Context, domain *model.StorageDomain, saved *model.SavedState, size int64, config []byte, owner Owner) (string, error)
	// SavedPath is the path that PrepareSaved returned.
	SavedPath(domain *model.StorageDomain, saved *model.SavedState) string
	// RemoveSaved deletes both. Not there is success.
	RemoveSaved(ctx context.Context, domain *model.StorageDomain, saved *model.SavedState) error

	// Files lists the regular files of an ISO domain, by name.
	Files(ctx context.Context, domain *model.StorageDomain) ([]model.File, error)
	// FilePath is the absolute path of a regular file of an ISO domain.
	// ErrNotFound, or ErrUnsafe for names with separators and links that lead out.
	FilePath(ctx context.Context, domain *model.StorageDomain, name string) (string, error)
}
