package image

import (
	"context"
	"errors"

	"vireo/internal/model"
)

// ErrOutside is for bytes that lie beyond what may be read or written.
var ErrOutside = errors.New("outside of the image")

// RefusedError is an image from outside that is not taken, with a reason that its
// sender may read. It is ErrUnsafe too.
type RefusedError struct{ Reason string }

// Error gives the reason.
func (e *RefusedError) Error() string { return e.Reason }

// Unwrap makes it ErrUnsafe.
func (e *RefusedError) Unwrap() error { return ErrUnsafe }

// TransferSpec says what of a disk is moved, and which way.
type TransferSpec struct {
	// Transfer is the id under which what is needed meanwhile is kept.
	Transfer model.ID
	Disk     *model.Disk
	// Format is raw for what a guest sees of the disk, or cow for the image file.
	Format model.DiskFormat
	// Write is for uploads. An image file is then collected beside the disk's own
	// volume, which FinishTransfer replaces.
	Write bool
}

// Transfers give access to what disks hold, from outside and in ranges. Whoever uses
// them sees to it that nobody else uses the disk.
type Transfers interface {
	// OpenTransfer opens a disk; opened again, after Close or after the engine has
	// died, it has what was written and flushed before. A disk whose volume is not
	// what it is declared to be is ErrUnsafe, and so is the image file of one that
	// stands on other volumes.
	OpenTransfer(ctx context.Context, domain *model.StorageDomain, spec TransferSpec) (Content, error)
	// FinishTransfer checks what an upload has brought, after Close, and makes it the
	// content of the disk. What is no image of the declared format, refers to other
	// files, or is larger than the disk is a RefusedError. Done twice it is done once.
	FinishTransfer(ctx context.Context, domain *model.StorageDomain, spec TransferSpec) error
	// AbandonTransfer removes what an upload has collected beside the disk's own
	// volume. Not there is success.
	AbandonTransfer(ctx context.Context, domain *model.StorageDomain, spec TransferSpec) error
}

// Content is the open content of a disk. It is safe for concurrent use. What lies
// beyond its bounds is ErrOutside, of which nothing is read or written.
type Content interface {
	// Size is how many bytes can be read, and Limit how many may be written. The
	// image file of an upload grows from 0 up to its limit.
	Size() int64
	Limit() int64
	// ReadAt and WriteAt move all of p or fail. Zeros that are written to a sparse
	// disk take up no space.
	ReadAt(ctx context.Context, p []byte, offset int64) error
	WriteAt(ctx context.Context, p []byte, offset int64) error
	// Zero makes a range read as zeros; a sparse disk gives its space back.
	Zero(ctx context.Context, offset, length int64) error
	// Flush makes everything that was written last.
	Flush(ctx context.Context) error
	// Extents tells in order what there is from 0 to Size, without gaps.
	Extents(ctx context.Context, each func(Extent) error) error
	// Close ends all calls under way, with errors, and all use.
	Close() error
}

// Extent is a range of bytes of one kind.
type Extent struct {
	Start, Length int64
	// Zero says that it reads as zeros, Hole that it takes up no space.
	Zero, Hole bool
}
