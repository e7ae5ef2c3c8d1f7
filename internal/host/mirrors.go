package host

import (
	"context"

	"vireo/internal/model"
)

// Mirrors lets disks of guests that run go to other files.
type Mirrors interface {
	// BeginMirror begins to copy a disk to another file while the guest goes on: what
	// the guest writes goes to both. The file is there already and as large as the
	// disk. It is done in the background. Begun already, or done, is success.
	// RefusedState when the guest does not run or its disk is at some other work,
	// RefusedResource when it has no such disk.
	BeginMirror(ctx context.Context, id model.ID, mirror Mirror) error
	// FollowMirror looks how far it is. RefusedState and RefusedResource likewise.
	FollowMirror(ctx context.Context, id model.ID, mirror Mirror) (MirrorProgress, error)
	// PivotMirror lets the guest have the disk at the new place alone, when both are
	// alike. Done already is success. Where it was done is to be asked with DiskPaths,
	// also of a guest that has ended meanwhile. RefusedState when they are not alike.
	PivotMirror(ctx context.Context, id model.ID, mirror Mirror) error
	// AbortMirror gives up whatever mirror of a disk goes on: nobody writes to the new
	// place any more. None, or a guest that is off, is success.
	AbortMirror(ctx context.Context, id, disk model.ID) error
}

// Mirror names a disk of a guest and where it is to go.
type Mirror struct {
	Disk   model.ID
	To     string
	Format model.DiskFormat
	// Shallow copies the active volume alone: To stands on what holds the same as what
	// the disk stands on.
	Shallow bool
}

// MirrorProgress is how far a mirror is.
type MirrorProgress struct {
	State MirrorState
	// Done and Total are in bytes; 0 where the host does not say.
	Done, Total int64
}

// MirrorState says what there is of a mirror.
type MirrorState string

// The states of a mirror.
const (
	// MirrorNone: it was never begun, or has failed or was aborted.
	MirrorNone MirrorState = "none"
	// Mirroring goes on.
	Mirroring MirrorState = "mirroring"
	// MirrorAlike: both are alike and stay so.
	MirrorAlike MirrorState = "alike"
	// Mirrored: the guest has the disk at the new place.
	Mirrored MirrorState = "mirrored"
)
