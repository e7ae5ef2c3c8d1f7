package image

import (
	"context"

	"vireo/internal/model"
)

// Source is what a disk holds at a volume: that of Disk.Volume with all that it stands
// on (see model.Disk.Standing for another than the active one).
type Source struct {
	Domain *model.StorageDomain
	Disk   *model.Disk
}

// Progress is told how much of a copy is done, in bytes, from the goroutine that was
// called; nil is told nothing.
type Progress func(done, total int64)

// Copies copies what disks hold, within a storage domain or to another one. The source
// is checked as Path does. A copy that fails or is given up leaves nothing; done twice
// it is done once. Whoever copies sees to it that nobody writes to the source.
type Copies interface {
	// Copy makes one volume that stands alone and holds what the source holds, of the
	// format that spec asks for. A Size of 0 is the source's, a larger one leaves zeros
	// at the end, a smaller one is ErrUnsafe. Where the file system can, the blocks are
	// shared and not copied.
	Copy(ctx context.Context, from Source, to *model.StorageDomain, spec VolumeSpec, progress Progress) error
	// CopyChain copies the volumes of the source one by one, the base first, into the
	// image group of another disk, or of the same one in another domain. What was a
	// template's volume becomes the group's own. rename gives volumes other ids; those
	// that are not in it keep theirs.
	CopyChain(ctx context.Context, from Source, to *model.StorageDomain, group model.ID, rename map[model.ID]model.ID, owner Owner, progress Progress) error
}
