package image

import (
	"context"

	"vireo/internal/model"
)

// Links joins the image groups of thin disks to the volumes of templates.
type Links interface {
	// Link makes the one volume of a template's disk a volume of another group in the
	// same domain too: another name for the same bytes, with the template's metadata, so
	// that what stands on it there names a volume of its own group (api-v3 3.12). Overlay
	// makes what stands on it. Removing either group leaves the other whole, and Occupied
	// counts the bytes for the template alone. The template's disk is checked as Path
	// does, and must stand alone (ErrUnsafe). Done twice it is done once; that fails it
	// leaves nothing.
	Link(ctx context.Context, domain *model.StorageDomain, template *model.Disk, group model.ID) error
}

// Seals takes out of the disks of a guest what makes it that guest: host keys, machine
// ids, logs, leases.
type Seals interface {
	// CanSeal says whether what it takes is installed.
	CanSeal() bool
	// Seal does it to all disks of a guest at once, each with its domain; they must
	// stand alone, and nobody may use them meanwhile. It takes minutes. After a failure
	// the disks are whole, nobody writes to them any more, and some of it may be done; why
	// it was not all, if that can be said, is a SealError.
	Seal(ctx context.Context, disks []Source) error
}

// SealError is why a guest could not be sealed.
type SealError struct {
	// Why is half a sentence for the user, without a path of this machine.
	Why string
	Err error
}

func (e *SealError) Error() string { return e.Why + ": " + e.Err.Error() }

// Unwrap gives the failure behind it.
func (e *SealError) Unwrap() error { return e.Err }
