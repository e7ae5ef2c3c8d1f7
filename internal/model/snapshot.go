package model

import (
	"time"

	"github.com/google/uuid"
)

// Snapshot is a state of a VM that can be gone back to (api-v3 2.6): its
// configuration, what its disks held, and its memory if that was wanted.
type Snapshot struct {
	ID           ID             `json:"id"`
	VM           ID             `json:"vm"`
	Description  string         `json:"description"`
	CreationTime time.Time      `json:"creation_time"`
	Type         SnapshotType   `json:"type"`
	Status       SnapshotStatus `json:"status"`
	// Config is the VM's at that time, its disks and NICs included.
	Config VMConfig `json:"config"`
	// Volumes say where the content of the disks is; a disk of Config that is not
	// here was left out.
	Volumes []SnapshotVolume `json:"volumes,omitempty"`
	// Memory is the guest's; nil if it was not kept. Given is what its run had been
	// begun with, which a guest that goes on from Memory needs.
	Memory *SavedState `json:"memory,omitempty"`
	Given  Given       `json:"given,omitzero"`
	// Disks are, of one of the type preview, the disks as they were before: what undoing
	// gives back.
	Disks []Disk `json:"disks,omitempty"`
}

// Holds finds the volume that holds what a disk held; false if the disk was left out.
func (s *Snapshot) Holds(disk ID) (SnapshotVolume, bool) {
	for _, volume := range s.Volumes {
		if volume.Disk == disk {
			return volume, true
		}
	}
	return SnapshotVolume{}, false
}

// ActiveSnapshot is the snapshot of the type active of a VM, which is listed with the
// others and kept nowhere: it is the VM as it is.
func ActiveSnapshot(vm *VM) *Snapshot {
	return &Snapshot{
		ID: ActiveSnapshotID(vm.ID), VM: vm.ID, Description: "Active VM", CreationTime: vm.CreationTime,
		Type: SnapshotActive, Status: SnapshotOK, Config: vm.VMConfig,
	}
}

// ActiveSnapshotID is the id of a VM's active snapshot, the same at all times.
func ActiveSnapshotID(vm ID) ID {
	return ID(uuid.NewSHA1(uuid.Nil, []byte("active snapshot of "+string(vm))).String())
}

// Ref names the snapshot.
func (s *Snapshot) Ref() Ref { return Ref{KindSnapshot, s.ID} }

// ObjectName is its description.
func (s *Snapshot) ObjectName() string { return s.Description }

// SnapshotVolume is the volume that holds what a disk held at a snapshot. It was the
// active one then, and is one of the disk's chain since.
type SnapshotVolume struct {
	Disk   ID `json:"disk"`
	Volume ID `json:"volume"`
	// Merging says that the removal of the snapshot has begun to write to the volume:
	// it does not hold any more what it held, and all that can be done is to remove it.
	Merging bool `json:"merging,omitempty"`
}

// SnapshotType is snapshot_type or type of a snapshot.
type SnapshotType string

// The types of snapshot.
const (
	SnapshotRegular   SnapshotType = "regular"
	SnapshotActive    SnapshotType = "active"
	SnapshotPreview   SnapshotType = "preview"
	SnapshotStateless SnapshotType = "stateless"
)

// SnapshotStatus is snapshot_status.
type SnapshotStatus string

// The statuses of a snapshot.
const (
	SnapshotOK        SnapshotStatus = "ok"
	SnapshotLocked    SnapshotStatus = "locked"
	SnapshotInPreview SnapshotStatus = "in_preview"
)
