package image

import (
	"context"

	"vireo/internal/model"
)

// PlaceError says why a storage domain cannot be where it is said to be, in a
// sentence that is fit for who administers storage.
type PlaceError struct {
	// Why is the sentence, without a full stop.
	Why string
	// Cause is for the log; may be nil.
	Cause error
}

// Error gives the sentence and the cause.
func (e *PlaceError) Error() string {
	if e.Cause != nil {
		return e.Why + ": " + e.Cause.Error()
	}
	return e.Why
}

// Unwrap gives the cause.
func (e *PlaceError) Unwrap() error { return e.Cause }

// FoundDomain is what a storage domain that was found says of itself.
type FoundDomain struct {
	ID     model.ID
	Name   string
	Type   model.StorageDomainType
	Format string
	// DataCenter is what it was attached to last, by whichever engine; empty for one
	// that was detached. Engine is the engine that attached it, if that was a Vireo.
	DataCenter, Engine model.ID
	Master             bool
}

// Domains does what concerns storage domains as wholes.
type Domains interface {
	// MountPoint is the directory where a domain that is mounted will be mounted,
	// the same on every machine; "" for localfs. A *PlaceError refuses places, file
	// systems and options that cannot be, or are not safe.
	MountPoint(domain *model.StorageDomain) (string, error)
	// Connect mounts a domain that has a mount point. Mounted already is success,
	// whoever has mounted it. A *PlaceError when it cannot be.
	Connect(ctx context.Context, domain *model.StorageDomain) error
	// Disconnect takes the mount away. Not mounted is success.
	Disconnect(ctx context.Context, domain *model.StorageDomain) error
	// Connected says whether it is mounted; true for localfs.
	Connected(domain *model.StorageDomain) (bool, error)
	// Survey reads what storage domains lie in domain.Dir(), of which nothing else
	// need be known. What is not whole is not listed; strange says what of that lies
	// there, for people. A *PlaceError when the directory cannot be read.
	Survey(ctx context.Context, domain *model.StorageDomain) (found []FoundDomain, strange []string, err error)
	// Describe brings name, data center, engine and role in the metadata up to date.
	// The metadata must be whole and the domain's.
	Describe(ctx context.Context, domain *model.StorageDomain) error
	// Erase deletes the domain with everything in it. Not there is success; what is
	// there and is another domain is ErrUnavailable.
	Erase(ctx context.Context, domain *model.StorageDomain) error
	// Groups lists the image groups of the domain.
	Groups(ctx context.Context, domain *model.StorageDomain) ([]model.ID, error)

	// PutOVF keeps the description of a VM in master/vms, as a whole; the same
	// content is left alone. RemoveOVF removes it; not there is success.
	PutOVF(ctx context.Context, domain *model.StorageDomain, vm model.ID, content []byte) error
	RemoveOVF(ctx context.Context, domain *model.StorageDomain, vm model.ID) error
	// ListOVFs names the VMs that have a description there, at most 100,000.
	ListOVFs(ctx context.Context, domain *model.StorageDomain) ([]model.ID, error)
	// OVF reads one: ErrNotFound, or ErrUnsafe when it is no regular file, or larger
	// than a description can be.
	OVF(ctx context.Context, domain *model.StorageDomain, vm model.ID) ([]byte, error)
}
