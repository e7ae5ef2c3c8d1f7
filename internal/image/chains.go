package image

import (
	"context"

	"vireo/internal/model"
)

// Chains changes what volumes of a disk stand on, while no guest has the disk. A volume
// on top of the active one is made with Overlay and removed with RemoveOverlay.
type Chains interface {
	// Merge writes what a volume of the disk holds into the one below it in the disk's
	// chain, and lets what stood on it stand on that one. Merged already is success; at
	// any moment, and after a failure, all that stood on the volume reads as before. The
	// volume stays, and nothing of the group needs it any more once the disk does not
	// call it the active one. ErrUnsafe when there is nothing below, or a template's
	// volume, which is not written. The volume below may become as large as this one.
	Merge(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, volume model.ID, progress Progress) error
	// Relate lets the metadata of the disk's volumes say what the record does: which one
	// stands on which, which is the active one, how large they are. What else it says
	// stays; of a template's volume all does.
	Relate(ctx context.Context, domain *model.StorageDomain, disk *model.Disk) error
}
