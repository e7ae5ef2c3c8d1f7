package v3

import "time"

// Snapshot is a snapshot of a VM (api-v3 2.6): the elements of the VM as it was then,
// but that Type is the snapshot's, and what is said of the snapshot itself.
type Snapshot struct {
	VM
	Of                 *Reference `wire:"vm"`
	Date               *time.Time `wire:"date"`
	SnapshotStatus     *string    `wire:"snapshot_status"`
	PersistMemorystate *bool      `wire:"persist_memorystate"`
}

// Snapshots is a list of snapshots.
type Snapshots struct {
	Collection
	Snapshot []Snapshot `wire:"snapshot"`
}
