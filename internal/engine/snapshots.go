package engine

import (
	"fmt"
	"slices"

	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// SnapshotsOf are the snapshots of a VM, the oldest first, those of the type active and
// stateless left out, which are kept nowhere.
func SnapshotsOf(tx *inventory.Tx, vm model.ID) []*model.Snapshot {
	return snapshotsOf(tx.Snapshots.All(), vm)
}

func snapshotsOf(all []*model.Snapshot, vm model.ID) []*model.Snapshot {
	var found []*model.Snapshot
	for _, snapshot := range all {
		if snapshot.VM == vm {
			found = append(found, snapshot)
		}
	}
	slices.SortStableFunc(found, func(a, b *model.Snapshot) int { return a.CreationTime.Compare(b.CreationTime) })
	return found
}

// Previewed is the snapshot that a VM previews; nil if it previews none.
func Previewed(tx *inventory.Tx, vm model.ID) *model.Snapshot {
	for _, snapshot := range SnapshotsOf(tx, vm) {
		if snapshot.Status == model.SnapshotInPreview {
			return snapshot
		}
	}
	return nil
}

// CheckSettled refuses a VM that previews a snapshot, or one of whose snapshots is at
// work.
func CheckSettled(tx *inventory.Tx, verb string, vm *model.VM) error {
	for _, snapshot := range SnapshotsOf(tx, vm.ID) {
		switch {
		case snapshot.Status == model.SnapshotLocked:
			return fault.New(fault.DuringSnapshot, verb, vm.Name)
		case snapshot.Status == model.SnapshotInPreview || snapshot.Type == model.SnapshotPreview:
			return fault.New(fault.InPreview, verb, vm.Name)
		}
	}
	return nil
}

// CheckWhole refuses a snapshot whose removal has begun: it does not hold any more what
// it held.
func CheckWhole(verb string, snapshot *model.Snapshot) error {
	for _, volume := range snapshot.Volumes {
		if volume.Merging {
			return fault.New(fault.StateConflict, verb, fmt.Sprintf("The removal of the snapshot %.100q was begun and did not end; all that can be done is to remove it.", snapshot.Description))
		}
	}
	return nil
}

// HeldBy is a snapshot that holds what a disk held; nil if none does.
func HeldBy(tx *inventory.Tx, disk model.ID) *model.Snapshot {
	for _, snapshot := range tx.Snapshots.All() {
		if _, holds := snapshot.Holds(disk); holds {
			return snapshot
		}
	}
	return nil
}

// ForgetDisk takes a disk that is removed from all snapshots: its volumes go with it.
func ForgetDisk(tx *inventory.Tx, disk model.ID) {
	for held := HeldBy(tx, disk); held != nil; held = HeldBy(tx, disk) {
		edited, _ := tx.Snapshots.Edit(held.ID)
		edited.Volumes = slices.DeleteFunc(edited.Volumes, func(v model.SnapshotVolume) bool { return v.Disk == disk })
	}
}

// ForgetSnapshots deletes the records of all snapshots of a VM that is removed, and their
// memory.
func (e *Engine) ForgetSnapshots(tx *inventory.Tx, vm *model.VM) {
	var tidying Tidying
	for _, snapshot := range SnapshotsOf(tx, vm.ID) {
		if snapshot.Memory != nil {
			tidying.Saved = append(tidying.Saved, *snapshot.Memory)
		}
		tx.Snapshots.Delete(snapshot.ID)
	}
	e.Tidy(tx, vm, tidying)
}

// Snapshots gives the snapshots of a VM, the oldest first and the active one last
// (api-v3 2.6).
func (v *View) Snapshots(vm model.ID) ([]*model.Snapshot, error) {
	owner, err := v.VM(vm)
	if err != nil {
		return nil, err
	}
	return append(snapshotsOf(v.engine.Inventory.Snapshots.All(), vm), model.ActiveSnapshot(owner)), nil
}

// Snapshot finds one snapshot of a VM.
func (v *View) Snapshot(vm, id model.ID) (*model.Snapshot, error) {
	all, err := v.Snapshots(vm)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(s *model.Snapshot) bool { return s.ID == id })
	if i < 0 {
		return nil, fault.Missing(string(id))
	}
	return all[i], nil
}

// SnapshotDisks gives the disks of a snapshot as they were then: of the active one as
// they are.
func (v *View) SnapshotDisks(snapshot *model.Snapshot) []AttachedDisk {
	var found []AttachedDisk
	for i := range snapshot.Config.Disks {
		attachment := &snapshot.Config.Disks[i]
		disk, ok := v.diskAt(snapshot, attachment.Disk)
		if ok {
			found = append(found, AttachedDisk{disk, attachment})
		}
	}
	return found
}

// diskAt is a disk as it was at a snapshot. While a VM previews another, its volume may
// be on the branch that was left, which the snapshot of the type preview knows.
func (v *View) diskAt(snapshot *model.Snapshot, id model.ID) (*model.Disk, bool) {
	disk, ok := v.engine.Inventory.Disks.Get(id)
	if !ok || snapshot.Type == model.SnapshotActive {
		return disk, ok
	}
	volume, holds := snapshot.Holds(id)
	if !holds {
		return nil, false
	}
	if at, ok := disk.Standing(volume.Volume); ok {
		return withState(at, volume), true
	}
	for _, before := range snapshotsOf(v.engine.Inventory.Snapshots.All(), snapshot.VM) {
		for i := range before.Disks {
			if at, ok := before.Disks[i].Standing(volume.Volume); ok && at.ID == id {
				return withState(at, volume), true
			}
		}
	}
	return nil, false
}

// withState shows a volume that does not hold any more what it held as illegal.
func withState(disk *model.Disk, volume model.SnapshotVolume) *model.Disk {
	if volume.Merging {
		disk = model.Clone(disk)
		disk.Status = model.DiskIllegal
	}
	return disk
}
