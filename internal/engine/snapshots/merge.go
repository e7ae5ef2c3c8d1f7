package snapshots

import (
	"context"
	"fmt"
	"slices"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// merge merges, for each disk of the snapshot, the volume above the snapshot's into it.
// Each that is done is recorded at once, with the volume's removal.
func (r *room) merge(ctx context.Context, w *job.Work) error {
	for {
		snapshot, err := r.snapshotOf(w)
		if err != nil || len(snapshot.Volumes) == 0 {
			return err
		}
		vm, err := r.vmOf(w)
		if err != nil {
			return err
		}
		if err := r.mergeOne(ctx, w, vm, snapshot.Volumes[0]); err != nil {
			return err
		}
	}
}

func (r *room) mergeOne(ctx context.Context, w *job.Work, vm *model.VM, held model.SnapshotVolume) error {
	disk, known := r.Inventory.Disks.Get(held.Disk)
	if !known {
		return r.record(w, vm, held, "")
	}
	upper, found := above(disk, held.Volume)
	if !found {
		return r.record(w, vm, held, "") // nothing of the disk is the snapshot's any more
	}
	domain, ok := r.Inventory.StorageDomains.Get(disk.StorageDomain)
	if !ok {
		return fault.New(fault.DomainNotFound, w.Job.Verb)
	}
	if ofTemplate(disk, held.Volume) {
		return fault.New(fault.StateConflict, w.Job.Verb, fmt.Sprintf("The disk %s stands on a template's volume there, which is not written.", disk.Alias))
	}
	if err := r.markMerging(w, held); err != nil {
		return err
	}
	if vm.Run.Host != "" && r.hasIt(vm, disk.ID) {
		if err := r.mergeLive(ctx, w, vm, disk, domain, mergeData{Disk: disk.ID, Upper: upper, Lower: held.Volume}); err != nil {
			return err
		}
	} else if err := r.Images.Merge(ctx, domain, disk, upper, w.Progress); err != nil {
		return engine.StorageFault(w.Job.Verb, domain, err)
	}
	return r.record(w, vm, held, upper)
}

// ofTemplate says whether a volume of a disk is a template's.
func ofTemplate(disk *model.Disk, volume model.ID) bool {
	return slices.ContainsFunc(disk.Chain, func(v model.Volume) bool { return v.ID == volume && v.Template != "" })
}

// hasIt says whether the guest of a VM has the disk: one that is not active is nobody's.
func (r *room) hasIt(vm *model.VM, disk model.ID) bool {
	return slices.ContainsFunc(vm.Disks, func(a model.DiskAttachment) bool { return a.Disk == disk && a.Active })
}

// above is the volume that stands on one of a disk's.
func above(disk *model.Disk, volume model.ID) (model.ID, bool) {
	i := slices.IndexFunc(disk.Chain, func(v model.Volume) bool { return v.ID == volume })
	switch {
	case i < 0:
		return "", false
	case i == len(disk.Chain)-1:
		return disk.Volume, true
	}
	return disk.Chain[i+1].ID, true
}

// markMerging writes that the volume will not hold any more what it held.
func (r *room) markMerging(w *job.Work, held model.SnapshotVolume) error {
	if held.Merging {
		return nil
	}
	return w.Update(w.Steady(), func(tx *inventory.Tx) error {
		snapshot, ok := tx.Snapshots.Edit(w.Job.Target.ID)
		if !ok {
			return fault.Missing(string(w.Job.Target.ID))
		}
		for i := range snapshot.Volumes {
			if snapshot.Volumes[i].Disk == held.Disk {
				snapshot.Volumes[i].Merging = true
			}
		}
		return nil
	})
}

// record writes that a disk stands on its volumes without the upper one, which is
// removed; "" is none.
func (r *room) record(w *job.Work, vm *model.VM, held model.SnapshotVolume, upper model.ID) error {
	return w.Update(w.Steady(), func(tx *inventory.Tx) error {
		snapshot, ok := tx.Snapshots.Edit(w.Job.Target.ID)
		if !ok {
			return fault.Missing(string(w.Job.Target.ID))
		}
		snapshot.Volumes = slices.DeleteFunc(snapshot.Volumes, func(v model.SnapshotVolume) bool { return v.Disk == held.Disk })
		disk, ok := tx.Disks.Edit(held.Disk)
		if !ok || upper == "" {
			return nil
		}
		collapse(tx, disk, upper)
		r.Tidy(tx, vm, engine.Tidying{
			Volumes: []model.Overlay{{Disk: disk.ID, Volume: upper, StorageDomain: disk.StorageDomain}},
			Related: []*model.Disk{disk},
		})
		return nil
	})
}
