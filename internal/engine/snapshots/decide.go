package snapshots

import (
	"fmt"
	"slices"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// resting are the statuses in which a preview ends: suspended only if it is the memory
// of the snapshot that waits.
var resting = []model.Status{model.StatusDown, model.StatusSuspended}

// checkDecide refuses a VM that previews nothing, or that was suspended in its preview.
func (r *room) checkDecide(tx *inventory.Tx, call *engine.Call) error {
	vm, _ := tx.VMs.Get(call.Target)
	if _, _, previews := previewOf(tx, vm.ID); !previews {
		return fault.New(fault.NotInPreview, call.Verb, vm.Name)
	}
	if vm.Run.Suspended != nil && vm.Run.Suspended.Snapshot == "" {
		return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf("VM %s was suspended in its preview; stop it first.", vm.Name))
	}
	return nil
}

// previewOf is the snapshot that a VM previews, and what it was before.
func previewOf(tx *inventory.Tx, vm model.ID) (snapshot, before *model.Snapshot, previews bool) {
	for _, each := range engine.SnapshotsOf(tx, vm) {
		switch {
		case each.Type == model.SnapshotPreview:
			before = each
		case each.Status == model.SnapshotInPreview:
			snapshot = each
		}
	}
	return snapshot, before, snapshot != nil && before != nil
}

// commit keeps what the VM previews.
func (r *room) commit(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	vm, _ := tx.VMs.Edit(call.Target)
	snapshot, before, _ := previewOf(tx, vm.ID)
	edited, _ := tx.Snapshots.Edit(snapshot.ID)
	r.commitTo(tx, vm, edited, before)
	tell(tx, audit.RestoredFrom, call, vm, edited)
	return vm, nil
}

// commitTo drops what a VM was before it went back to a snapshot: the volumes, and what
// newer snapshots held of them.
func (r *room) commitTo(tx *inventory.Tx, vm *model.VM, snapshot, before *model.Snapshot) {
	var tidying engine.Tidying
	for i := range before.Disks {
		left := &before.Disks[i]
		disk, ok := tx.Disks.Get(left.ID)
		if !ok {
			continue
		}
		kept := volumesOf(disk)
		for _, volume := range volumesOf(left) {
			if slices.Contains(kept, volume) {
				continue
			}
			tidying.Volumes = append(tidying.Volumes, model.Overlay{Disk: disk.ID, Volume: volume, StorageDomain: disk.StorageDomain})
		}
	}
	for _, other := range engine.SnapshotsOf(tx, vm.ID) {
		if other.ID == snapshot.ID || other.ID == before.ID || !other.CreationTime.After(snapshot.CreationTime) {
			continue
		}
		edited, _ := tx.Snapshots.Edit(other.ID)
		lost := len(edited.Volumes)
		edited.Volumes = slices.DeleteFunc(edited.Volumes, func(v model.SnapshotVolume) bool {
			return slices.ContainsFunc(tidying.Volumes, func(gone model.Overlay) bool { return gone.Disk == v.Disk && gone.Volume == v.Volume })
		})
		lost -= len(edited.Volumes)
		if edited.Memory != nil && (lost > 0 || len(edited.Volumes) == 0) {
			tidying.Saved = append(tidying.Saved, *edited.Memory)
			edited.Memory = nil // it fits the disks that it was kept with
		}
		if len(edited.Volumes) == 0 {
			tx.Snapshots.Delete(edited.ID)
		}
	}
	snapshot.Status = model.SnapshotOK
	tx.Snapshots.Delete(before.ID)
	r.Tidy(tx, vm, tidying)
}

// volumesOf are the volumes of a disk that are its own.
func volumesOf(disk *model.Disk) []model.ID {
	var all []model.ID
	for _, volume := range disk.Chain {
		if volume.Template == "" {
			all = append(all, volume.ID)
		}
	}
	return append(all, disk.Volume)
}

// undo gives a VM back what it was before its preview.
func (r *room) undo(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	vm, _ := tx.VMs.Edit(call.Target)
	snapshot, before, _ := previewOf(tx, vm.ID)
	var tidying engine.Tidying
	for i := range before.Disks {
		disk, ok := tx.Disks.Edit(before.Disks[i].ID)
		if !ok {
			continue
		}
		kept := volumesOf(&before.Disks[i])
		for _, volume := range volumesOf(disk) {
			if !slices.Contains(kept, volume) {
				tidying.Volumes = append(tidying.Volumes, model.Overlay{Disk: disk.ID, Volume: volume, StorageDomain: disk.StorageDomain})
			}
		}
		setVolumes(disk, &before.Disks[i])
		tidying.Related = append(tidying.Related, disk)
	}
	config := *model.Clone(&before.Config)
	config.Disks = present(tx, vm, config.Disks)
	config.Name, config.Description, config.Comment, config.Tags = vm.Name, vm.Description, vm.Comment, vm.Tags
	vm.VMConfig = config
	if vm.Run.Suspended != nil {
		r.WentDown(tx, vm, "Its preview was undone.")
	}
	edited, _ := tx.Snapshots.Edit(snapshot.ID)
	edited.Status = model.SnapshotOK
	tx.Snapshots.Delete(before.ID)
	r.Tidy(tx, vm, tidying)
	tell(tx, audit.PreviewUndone, call, vm, edited)
	return vm, nil
}

// tell writes the event of a call that needed no job.
func tell(tx *inventory.Tx, code audit.Code, call *engine.Call, vm *model.VM, snapshot *model.Snapshot) {
	about := audit.About{VM: vm, Snapshot: snapshot, CorrelationID: call.CorrelationID}
	if call.Caller != nil {
		about.User, about.UserName = call.Caller.User, call.Caller.Name
	}
	tx.Event(audit.New(code, about))
}
