package disks

import (
	"context"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// create makes the image of a new disk and measures it; uncreate takes it away.
func (r *room) create(ctx context.Context, w *job.Work) error {
	var params AddParams
	if err := w.Params(&params); err != nil {
		return err
	}
	disk, domain, err := r.image(w)
	if err != nil {
		return err
	}
	err = r.Images.Create(ctx, domain, image.VolumeSpec{
		Disk: disk.ID, Volume: disk.Volume, Format: disk.Format,
		Sparse: disk.Sparse, Size: disk.ProvisionedSize, Alias: disk.Alias, Description: disk.Description, Owner: params.Owner,
	})
	if err != nil {
		return engine.StorageFault(w.Job.Verb, domain, err)
	}
	occupied, err := r.Images.Occupied(ctx, domain, disk.ID)
	if err != nil {
		return engine.StorageFault(w.Job.Verb, domain, err)
	}
	return w.Remember(&addData{ActualSize: occupied})
}

func (r *room) uncreate(ctx context.Context, w *job.Work) error {
	disk, domain, err := r.image(w)
	if err != nil {
		return err
	}
	return r.Images.Remove(ctx, domain, disk.ID, false)
}

// added settles an add. A disk whose image could not be taken away again is kept
// as an illegal floating one, to be removed.
func (r *room) added(tx *inventory.Tx, w *job.Work, failure error) {
	disk, ok := tx.Disks.Edit(w.Job.Target.ID)
	if !ok {
		return
	}
	var params AddParams
	_ = w.Params(&params)
	about := engine.AboutJob(tx, w.Job)
	about.Disk = disk
	about.VM, _ = tx.VMs.Get(params.VM)
	done, failed := audit.DiskAdded, audit.DiskAddFailed
	if params.VM == "" {
		done, failed = audit.FloatingAdded, audit.FloatingAddFailed
	}
	if failure == nil {
		var data addData
		_ = w.Data(&data)
		disk.Status, disk.ActualSize = model.DiskOK, data.ActualSize
		tx.Event(audit.New(done, about))
		return
	}
	about.Detail = fault.Of(failure).Message()
	tx.Event(audit.New(failed, about))
	setAttachment(tx, params.VM, disk.ID, nil)
	if w.Dirty {
		disk.Status = model.DiskIllegal
		return
	}
	tx.Disks.Delete(disk.ID)
}
