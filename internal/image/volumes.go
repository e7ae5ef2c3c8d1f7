package image

import (
	"context"
	"time"

	"vireo/internal/model"
)

// Volumes looks after single volumes of image groups, also of those that others have
// written.
type Volumes interface {
	// Meta reads the metadata of a volume, which may be anybody's: ErrNotFound without
	// a file of metadata, ErrUnsafe for one that cannot be used. The image is not
	// opened, and what it says may differ.
	Meta(ctx context.Context, domain *model.StorageDomain, group, volume model.ID) (VolumeMeta, error)
	// Prune removes from an image group every volume but those that keep wants, and the
	// group when none is left; with wipe what is removed is overwritten first. Not there
	// is success.
	Prune(ctx context.Context, domain *model.StorageDomain, group model.ID, keep func(volume model.ID) bool, wipe bool) error
}

// VolumeMeta is what the metadata of a volume says of it (api-v3 3.12).
type VolumeMeta struct {
	// Domain and Group are where it says that it belongs.
	Domain, Group model.ID
	// Parent is the volume of the same group that it stands on; empty for none.
	Parent model.ID
	Format model.DiskFormat
	Sparse bool
	// Size is the virtual size in bytes.
	Size int64
	// Shared says that it is a template's; Illegal that it is not to be used.
	Shared, Illegal bool
	// Alias and Description are those of the disk, the first empty where the volume
	// was described by a plain text.
	Alias, Description string
	// Created is zero when it is not known.
	Created time.Time
}
