package transfers

import (
	"context"
	"errors"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// verified is what a transfer remembers of its disk.
type verified struct {
	ActualSize int64 `json:"actual_size"`
}

// verify checks what was uploaded and makes it the content of the disk.
func (r *Room) verify(_ context.Context, w *job.Work) error {
	transfer, ok := r.Inventory.ImageTransfers.Get(w.Job.Target.ID)
	if !ok || transfer.Direction != model.TransferUpload {
		return nil
	}
	spec, domain, err := r.spec(w.Job.Verb, transfer)
	if err != nil {
		return err
	}
	if err := r.Images.FinishTransfer(w.Steady(), domain, spec); err != nil {
		if refused, ok := errors.AsType[*image.RefusedError](err); ok {
			return fault.New(fault.Invalid, w.Job.Verb, refused.Reason).Because(err)
		}
		return engine.StorageFault(w.Job.Verb, domain, err)
	}
	occupied, err := r.Images.Occupied(w.Steady(), domain, spec.Disk.ID)
	if err != nil {
		return engine.StorageFault(w.Job.Verb, domain, err)
	}
	return w.Remember(&verified{ActualSize: occupied})
}

// abandon takes away what a transfer that has failed leaves: what was collected, and
// the disk itself if it was cancelled.
func (r *Room) abandon(ctx context.Context, w *job.Work) error {
	transfer, ok := r.Inventory.ImageTransfers.Get(w.Job.Target.ID)
	if !ok || transfer.Direction != model.TransferUpload {
		return nil
	}
	spec, domain, err := r.spec(w.Job.Verb, transfer)
	if err != nil {
		return err
	}
	doomed := false
	err = w.Update(ctx, func(tx *inventory.Tx) error {
		doomed = removable(tx, w, transfer)
		return nil
	})
	switch {
	case err != nil:
		return err
	case doomed:
		return r.Images.Remove(ctx, domain, spec.Disk.ID, spec.Disk.WipeAfterDelete)
	}
	return r.Images.AbandonTransfer(ctx, domain, spec)
}

// removable says whether a disk goes with its upload that was given up: one that
// nothing has.
func removable(tx *inventory.Tx, w *job.Work, transfer *model.ImageTransfer) bool {
	return transfer.Direction == model.TransferUpload && (transfer.Cancelled() || w.Job.Interrupted) &&
		len(usersOf(tx, transfer.Disk)) == 0 && !ofTemplate(tx, transfer.Disk)
}

// settle writes what became of a transfer and of its disk (api-v4 7.1): a failed
// upload leaves the disk illegal, and a cancelled one none.
func (r *Room) settle(tx *inventory.Tx, w *job.Work, failure error) {
	transfer, ok := tx.ImageTransfers.Edit(w.Job.Target.ID)
	if !ok {
		return
	}
	said := about(tx, transfer)
	said.Job = w.Job.ID
	opened := transfer.Phase != model.TransferInitializing
	gone := removable(tx, w, transfer) && failure != nil && !w.Dirty
	code := audit.TransferDone
	switch cancelled := transfer.Cancelled() || w.Job.Interrupted; {
	case failure == nil:
		transfer.Phase = model.TransferFinishedSuccess
	case cancelled:
		transfer.Phase, code = model.TransferFinishedCleanup, audit.TransferCancelled
	default:
		transfer.Phase, code = model.TransferFinishedFailure, audit.TransferFailed
		said.Detail = fault.Of(failure).Message()
	}
	transfer.Ticket, transfer.Ended = "", time.Now().UTC()
	if disk, ok := tx.Disks.Edit(transfer.Disk); ok {
		settleDisk(w, disk, transfer, opened, failure)
		if gone {
			tx.Disks.Delete(disk.ID)
		}
	}
	tx.Event(audit.New(code, said))
}

// settleDisk gives the disk its status. What was only read, or not opened, has the one
// that it had.
func settleDisk(w *job.Work, disk *model.Disk, transfer *model.ImageTransfer, opened bool, failure error) {
	switch {
	case transfer.Direction == model.TransferDownload || !opened:
		disk.Status = transfer.Before
	case failure != nil:
		disk.Status = model.DiskIllegal
	default:
		var data verified
		_ = w.Data(&data) // verify has written it
		disk.Status, disk.ActualSize = model.DiskOK, data.ActualSize
	}
}
