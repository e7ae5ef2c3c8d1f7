package snapshots

import (
	"fmt"
	"slices"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// checkRemove refuses a snapshot that is in use. Remove has no Params: Target is the
// snapshot and Parent the VM.
func (r *room) checkRemove(tx *inventory.Tx, call *engine.Call) error {
	vm, _ := tx.VMs.Get(call.Parent)
	if call.Target == model.ActiveSnapshotID(vm.ID) {
		return fault.New(fault.Invalid, call.Verb, "The active snapshot is the VM itself.")
	}
	snapshot, err := ofVM(tx, vm.ID, call.Target)
	if err != nil {
		return err
	}
	if err := engine.CheckSettled(tx, call.Verb, vm); err != nil {
		return err
	}
	for _, volume := range snapshot.Volumes {
		disk, ok := tx.Disks.Get(volume.Disk)
		if !ok {
			continue
		}
		if disk.Status == model.DiskLocked {
			return fault.New(fault.DiskLocked, call.Verb, disk.Alias)
		}
		if domain, ok := tx.StorageDomains.Get(disk.StorageDomain); ok && domain.Status != model.StorageDomainActive {
			return fault.New(fault.DomainStatusIllegal, call.Verb, string(domain.Status))
		}
		if len(vm.Run.Overlays) > 0 {
			return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf("VM %s runs stateless on what the snapshot holds.", vm.Name))
		}
	}
	return nil
}

// remove locks the snapshot.
func (r *room) remove(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	snapshot, _ := tx.Snapshots.Edit(call.Target)
	snapshot.Status = model.SnapshotLocked
	vm, _ := tx.VMs.Edit(call.Parent)
	if vm.Run.Status == model.StatusDown {
		engine.SetStatus(vm, model.StatusImageLocked, "")
	}
	return snapshot, nil
}

// removed settles a removal: the snapshot is gone, with its memory; or it is there again
// with what could not be merged.
func (r *room) removed(tx *inventory.Tx, w *job.Work, failure error) {
	snapshot, ok := tx.Snapshots.Edit(w.Job.Target.ID)
	if !ok {
		return
	}
	vm, ok := tx.VMs.Edit(snapshot.VM)
	if !ok {
		vm = &model.VM{ID: snapshot.VM}
	}
	unlock(vm)
	if failure != nil {
		snapshot.Status = model.SnapshotOK
		return
	}
	r.drop(tx, vm, snapshot)
}

// drop deletes the record of a snapshot, and its memory.
func (r *room) drop(tx *inventory.Tx, vm *model.VM, snapshot *model.Snapshot) {
	tx.Snapshots.Delete(snapshot.ID)
	if snapshot.Memory != nil {
		r.Tidy(tx, vm, engine.Tidying{Saved: []model.SavedState{*snapshot.Memory}})
	}
}

// collapse records that a volume of a disk was merged into the one below: that one is
// now what the snapshot above held, and what is on top of it stays.
func collapse(tx *inventory.Tx, disk *model.Disk, upper model.ID) {
	at := len(disk.Chain)
	if upper != disk.Volume {
		at = slices.IndexFunc(disk.Chain, func(v model.Volume) bool { return v.ID == upper })
	}
	if at < 1 {
		return
	}
	lower := disk.Chain[at-1]
	if upper == disk.Volume {
		disk.Volume, disk.Format, disk.Sparse = lower.ID, lower.Format, lower.Sparse
		disk.Chain = disk.Chain[:at-1]
	} else {
		disk.Chain[at-1].Size = max(lower.Size, disk.Chain[at].Size)
		disk.Chain = slices.Delete(disk.Chain, at, at+1)
	}
	for _, snapshot := range tx.Snapshots.All() {
		i := slices.IndexFunc(snapshot.Volumes, func(v model.SnapshotVolume) bool { return v.Disk == disk.ID && v.Volume == upper })
		if i >= 0 {
			edited, _ := tx.Snapshots.Edit(snapshot.ID)
			edited.Volumes[i].Volume = lower.ID
		}
	}
}
