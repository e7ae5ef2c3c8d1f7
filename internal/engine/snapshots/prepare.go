package snapshots

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// prepare makes the volumes and room for the memory. What is left of it after a failure
// is removed when that is settled.
func (r *room) prepare(ctx context.Context, w *job.Work) error {
	var params AddParams
	if err := w.Params(&params); err != nil {
		return err
	}
	vm, err := r.vmOf(w)
	if err != nil {
		return err
	}
	owner := r.owner(vm)
	for _, volume := range params.New {
		disk, domain, err := r.disk(w, volume.Disk)
		if err != nil {
			return err
		}
		if disk.Volume == volume.Volume {
			continue
		}
		if err := r.Images.Overlay(ctx, domain, disk, volume.Volume, owner); err != nil {
			return engine.StorageFault(w.Job.Verb, domain, err)
		}
	}
	if !params.Memory {
		return nil
	}
	return r.prepareMemory(ctx, w, vm, owner)
}

func (r *room) prepareMemory(ctx context.Context, w *job.Work, vm *model.VM, owner image.Owner) error {
	var data takeData
	if err := w.Data(&data); err != nil {
		return err
	}
	if data.Saved == nil {
		var domains []*model.StorageDomain
		err := w.Update(ctx, func(tx *inventory.Tx) error { domains = engine.DataDomains(tx, vm); return nil })
		if err != nil {
			return err
		}
		domain, err := r.Roomy(ctx, domains, engine.SavedSize(vm))
		if err != nil {
			return err
		}
		if domain == nil {
			return fault.New(fault.NoSuitableDomain, w.Job.Verb+" of")
		}
		data.Saved = &model.SavedState{
			StorageDomain: domain.ID, MemoryImage: model.NewID(), MemoryVolume: model.NewID(),
			ConfigImage: model.NewID(), ConfigVolume: model.NewID(),
			CDROM: vm.Run.CDROM, Host: vm.Run.Host, Snapshot: w.Job.Target.ID,
		}
		if err := w.Remember(&data); err != nil {
			return err
		}
	}
	domain, ok := r.Inventory.StorageDomains.Get(data.Saved.StorageDomain)
	if !ok {
		return fault.New(fault.DomainNotFound, w.Job.Verb)
	}
	config, err := json.Marshal(vm)
	if err != nil {
		return fmt.Errorf("encoding the configuration: %w", err)
	}
	_, err = r.Images.PrepareSaved(ctx, domain, data.Saved, engine.SavedSize(vm), config, owner)
	return engine.StorageFault(w.Job.Verb, domain, err)
}

// added settles a snapshot: the disks stand on what they held, or all is as it was.
func (r *room) added(tx *inventory.Tx, w *job.Work, failure error) {
	snapshot, ok := tx.Snapshots.Edit(w.Job.Target.ID)
	if !ok {
		return
	}
	var params AddParams
	var data takeData
	_ = errors.Join(w.Params(&params), w.Data(&data))
	vm, ok := tx.VMs.Edit(snapshot.VM)
	if !ok {
		vm = &model.VM{ID: snapshot.VM}
	}
	unlock(vm)
	if failure != nil && !data.taken() {
		tidying := engine.Tidying{Volumes: params.New}
		if data.Saved != nil {
			tidying.Saved = []model.SavedState{*data.Saved}
		}
		tx.Snapshots.Delete(snapshot.ID)
		r.Tidy(tx, vm, tidying)
		return
	}
	var tidying engine.Tidying
	for _, volume := range params.New {
		if disk, ok := tx.Disks.Edit(volume.Disk); ok && disk.Volume != volume.Volume {
			onTop(disk, volume.Volume)
			tidying.Related = append(tidying.Related, disk)
		}
	}
	snapshot.Status = model.SnapshotOK
	switch {
	case data.Saved != nil && data.NoMemory == "" && failure == nil:
		snapshot.Memory = data.Saved
	case data.Saved != nil:
		tidying.Saved = []model.SavedState{*data.Saved}
	}
	r.Tidy(tx, vm, tidying)
}

// onTop gives a disk a new active volume.
func onTop(disk *model.Disk, volume model.ID) {
	disk.Chain = append(disk.Chain, model.Volume{
		ID: disk.Volume, Format: disk.Format, Sparse: disk.Sparse, Size: disk.ProvisionedSize, CreationTime: time.Now().UTC(),
	})
	disk.Volume, disk.Format, disk.Sparse = volume, model.DiskCOW, true
}

// unlock ends the status of a VM that is down while its images are worked on.
func unlock(vm *model.VM) {
	if vm.Run.Status == model.StatusImageLocked {
		engine.SetStatus(vm, model.StatusDown, "")
	}
}
