package host

import (
	"context"

	"vireo/internal/model"
)

// Snapshots changes what the disks of guests stand on, while they run.
type Snapshots interface {
	// TakeSnapshot lets a guest that runs or is paused write to other volumes from one
	// moment on, all at once; what it had stays as it was then. The volumes are there
	// already, on top of the ones it has. With a path for the memory the guest is
	// written to it as by Save, which is the same moment, and stands still meanwhile;
	// it goes on afterwards as it was. When it is refused nothing has changed and there
	// is no such file. Taken already is success. A guest that does not run is
	// RefusedState, a disk that it does not have RefusedResource.
	TakeSnapshot(ctx context.Context, id model.ID, snapshot SnapshotSpec) error
	// DiskPaths gives where each disk of a guest is, by its id; of one that is off,
	// where it was. ErrNotFound when the host knows none.
	DiskPaths(ctx context.Context, id model.ID) (map[model.ID]string, error)

	// BeginMerge begins to write what a volume of a disk holds into the one below it.
	// It is done in the background. Begun or merged already is success. RefusedState
	// when the guest does not run or its disk is at some other work, RefusedResource
	// when the disk does not stand on such volumes.
	BeginMerge(ctx context.Context, id model.ID, merge Merge) error
	// FollowMerge looks how far it is. What is written to the active volume meanwhile is
	// merged too: when the rest is small, this call brings it over and lets the guest
	// go on with the volume below.
	FollowMerge(ctx context.Context, id model.ID, merge Merge) (MergeProgress, error)
	// AbortMerge gives up whatever merge of a disk goes on. All volumes stay in use; the
	// one below holds some of what was above it. None is success.
	AbortMerge(ctx context.Context, id, disk model.ID) error
}

// SnapshotSpec is a snapshot to be taken of a guest that runs.
type SnapshotSpec struct {
	// Disks are the disks concerned, as they are to be from then on: Path and Format
	// are those of the new volumes.
	Disks []DiskSpec
	// Memory is the path for the memory, as for Save; empty for none.
	Memory string
}

// Merge names two volumes of a disk by path: what Top holds goes into Base, on which it
// stands.
type Merge struct {
	Disk      model.ID
	Top, Base string
}

// MergeProgress is how far a merge is.
type MergeProgress struct {
	State MergeState
	// Done and Total are in bytes; 0 where the host does not say.
	Done, Total int64
}

// MergeState says what there is of a merge.
type MergeState string

// The states of a merge.
const (
	// MergeNone: it was never begun, or has failed or was aborted.
	MergeNone MergeState = "none"
	// Merging goes on.
	Merging MergeState = "merging"
	// Merged: the guest's disk does not stand on Top any more.
	Merged MergeState = "merged"
)
