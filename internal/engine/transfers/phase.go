package transfers

import (
	"fmt"
	"slices"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// enter writes the phase that a command wants. What has that phase already, or is on
// its way to it, succeeds.
func (r *Room) enter(tx *inventory.Tx, call *engine.Call, change func(*model.ImageTransfer) (model.TransferPhase, bool)) (model.Object, error) {
	transfer, ok := tx.ImageTransfers.Get(call.Target)
	if !ok {
		return nil, fault.Missing(string(call.Target))
	}
	phase, allowed := change(transfer)
	if !allowed {
		return nil, fault.New(fault.StateConflict, call.Verb,
			fmt.Sprintf("The transfer of disk %s is in the phase %s.", transfer.DiskAlias, transfer.Phase))
	}
	if phase == transfer.Phase {
		return transfer, nil
	}
	edited, _ := tx.ImageTransfers.Edit(call.Target)
	edited.Phase = phase
	return edited, nil
}

// extend only says that the client is still there.
func (r *Room) extend(transfer *model.ImageTransfer) (model.TransferPhase, bool) {
	if session, open := r.session(transfer.ID); open {
		session.touch()
	}
	return transfer.Phase, !transfer.Over() && !transfer.Cancelled()
}

func (r *Room) pause(transfer *model.ImageTransfer) (model.TransferPhase, bool) {
	switch transfer.Phase {
	case model.TransferInitializing, model.TransferTransferring, model.TransferResuming,
		model.TransferPausedUser, model.TransferPausedSystem:
		return model.TransferPausedUser, true
	}
	return transfer.Phase, false
}

func (r *Room) resume(transfer *model.ImageTransfer) (model.TransferPhase, bool) {
	switch transfer.Phase {
	case model.TransferPausedUser, model.TransferPausedSystem:
		return model.TransferResuming, true
	case model.TransferInitializing, model.TransferTransferring, model.TransferResuming:
		return transfer.Phase, true
	}
	return transfer.Phase, false
}

func (r *Room) cancel(transfer *model.ImageTransfer) (model.TransferPhase, bool) {
	switch {
	case transfer.Cancelled() || transfer.Phase == model.TransferFinishedCleanup:
		return transfer.Phase, true
	case transfer.Over() || transfer.Phase == model.TransferFinalizingSuccess:
		return transfer.Phase, false
	}
	return model.TransferCancelledUser, true
}

func (r *Room) finalize(transfer *model.ImageTransfer) (model.TransferPhase, bool) {
	switch transfer.Phase {
	case model.TransferTransferring, model.TransferPausedUser, model.TransferPausedSystem, model.TransferResuming,
		model.TransferFinalizingSuccess:
		return model.TransferFinalizingSuccess, true
	case model.TransferFinishedSuccess:
		return transfer.Phase, true
	}
	return transfer.Phase, false
}

// becomes writes the bytes that were moved, and a phase that comes about by itself, if
// the transfer is in one of these.
func becomes(tx *inventory.Tx, id model.ID, moved int64, phase model.TransferPhase, from ...model.TransferPhase) bool {
	transfer, ok := tx.ImageTransfers.Edit(id)
	if !ok {
		return false
	}
	transfer.Transferred = max(transfer.Transferred, moved)
	fits := slices.Contains(from, transfer.Phase)
	if fits {
		transfer.Phase = phase
	}
	return fits
}

// about fills what an event says of a transfer.
func about(tx *inventory.Tx, transfer *model.ImageTransfer) audit.About {
	said := audit.About{CorrelationID: transfer.CorrelationID, User: transfer.Owner}
	said.Disk = &model.Disk{ID: transfer.Disk, Alias: transfer.DiskAlias}
	if user, ok := tx.Users.Get(transfer.Owner); ok {
		said.UserName = user.ObjectName()
	}
	said.Detail = string(transfer.Direction)
	return said
}
