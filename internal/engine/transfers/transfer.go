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

// errGivenUp ends the job of a transfer that was cancelled.
var errGivenUp = fault.New(fault.StateConflict, "transfer disk", "The transfer was cancelled.")

// transfer serves the client until it has said that it is done. A transfer that an
// engine before has served is opened again.
func (r *Room) transfer(ctx context.Context, w *job.Work) error {
	for {
		changed := r.Inventory.Changed()
		transfer, ok := r.Inventory.ImageTransfers.Get(w.Job.Target.ID)
		switch {
		case !ok:
			return fault.Missing(string(w.Job.Target.ID))
		case transfer.Phase == model.TransferFinalizingSuccess:
			return nil
		case transfer.Cancelled():
			return errGivenUp
		case !transfer.Paused():
			if err := r.serve(ctx, w, transfer); err != nil {
				return err
			}
			continue
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// serve opens the disk and waits until the phase is another one.
func (r *Room) serve(ctx context.Context, w *job.Work, transfer *model.ImageTransfer) error {
	spec, domain, err := r.spec(w.Job.Verb, transfer)
	if err != nil {
		return err
	}
	content, err := r.Images.OpenTransfer(ctx, domain, spec)
	if err != nil {
		return r.unopened(ctx, w, transfer, engine.StorageFault(w.Job.Verb, domain, err))
	}
	session := newSession(ctx, transfer, content)
	r.mu.Lock()
	r.open[transfer.ID] = session
	r.mu.Unlock()
	err = w.Update(ctx, func(tx *inventory.Tx) error {
		becomes(tx, transfer.ID, 0, model.TransferTransferring, model.TransferInitializing, model.TransferResuming)
		return nil
	})
	if err == nil {
		err = r.watch(ctx, w, session)
	}
	r.mu.Lock()
	delete(r.open, transfer.ID)
	r.mu.Unlock()
	closed := session.close()
	if err != nil || closed != nil {
		return errors.Join(err, engine.StorageFault(w.Job.Verb, domain, closed))
	}
	return w.Update(ctx, func(tx *inventory.Tx) error {
		becomes(tx, transfer.ID, session.moved.Load(), model.TransferPausedSystem)
		return nil
	})
}

// unopened is what becomes of a transfer whose disk could not be opened: one that is
// under way waits until somebody resumes it.
func (r *Room) unopened(ctx context.Context, w *job.Work, transfer *model.ImageTransfer, failure error) error {
	if transfer.Phase == model.TransferInitializing || ctx.Err() != nil {
		return failure
	}
	return w.Update(ctx, func(tx *inventory.Tx) error {
		if becomes(tx, transfer.ID, 0, model.TransferPausedSystem, model.TransferTransferring, model.TransferResuming) {
			said := about(tx, transfer)
			said.Detail = fault.Of(failure).Message()
			tx.Event(audit.New(audit.TransferPaused, said))
		}
		return nil
	})
}

// watch returns when the phase is not transferring any more, and sees to it that this
// comes about when the client is silent for too long.
func (r *Room) watch(ctx context.Context, w *job.Work, session *Session) error {
	timeout := time.Duration(session.Transfer.InactivityTimeout) * time.Second
	var silence <-chan time.Time
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	if timeout > 0 {
		silence = timer.C
	}
	for {
		changed := r.Inventory.Changed()
		now, ok := r.Inventory.ImageTransfers.Get(session.Transfer.ID)
		if !ok || now.Phase != model.TransferTransferring {
			return nil
		}
		select {
		case <-changed:
		case <-session.woken:
			w.Progress(session.moved.Load(), session.Content.Limit())
		case <-silence:
			if left := session.left(timeout); left > 0 {
				timer.Reset(left)
				continue
			}
			if err := r.silent(ctx, w, session); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// silent pauses or cancels a transfer whose client was silent for too long.
func (r *Room) silent(ctx context.Context, w *job.Work, session *Session) error {
	transfer := session.Transfer
	phase, code := model.TransferPausedSystem, audit.TransferPaused
	download := transfer.TimeoutPolicy == model.TimeoutLegacy && transfer.Direction == model.TransferDownload
	if transfer.TimeoutPolicy == model.TimeoutCancel || download {
		phase, code = model.TransferCancelledSystem, 0
	}
	return w.Update(ctx, func(tx *inventory.Tx) error {
		if becomes(tx, transfer.ID, session.moved.Load(), phase, model.TransferTransferring) && code != 0 {
			said := about(tx, transfer)
			said.Detail = "Nothing was heard of its client for too long."
			tx.Event(audit.New(code, said))
		}
		return nil
	})
}

// spec says what of which disk a transfer moves.
func (r *Room) spec(verb string, transfer *model.ImageTransfer) (image.TransferSpec, *model.StorageDomain, error) {
	disk, ok := r.Inventory.Disks.Get(transfer.Disk)
	if !ok {
		return image.TransferSpec{}, nil, fault.Missing(string(transfer.Disk))
	}
	domain, ok := r.Inventory.StorageDomains.Get(disk.StorageDomain)
	if !ok {
		return image.TransferSpec{}, nil, fault.New(fault.DomainNotFound, verb)
	}
	return image.TransferSpec{
		Transfer: transfer.ID, Disk: disk, Format: transfer.Format, Write: transfer.Direction == model.TransferUpload,
	}, domain, nil
}
