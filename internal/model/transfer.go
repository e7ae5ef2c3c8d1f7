package model

import "time"

// TransferDirection is direction of an image transfer (api-v4 3.8).
type TransferDirection string

// The directions: upload writes a disk, download reads it.
const (
	TransferUpload   TransferDirection = "upload"
	TransferDownload TransferDirection = "download"
)

// TransferPhase is phase of an image transfer (api-v4 7.1).
type TransferPhase string

// The phases that this engine uses, in the order in which they may come.
const (
	TransferInitializing      TransferPhase = "initializing"
	TransferTransferring      TransferPhase = "transferring"
	TransferPausedSystem      TransferPhase = "paused_system"
	TransferPausedUser        TransferPhase = "paused_user"
	TransferResuming          TransferPhase = "resuming"
	TransferCancelledSystem   TransferPhase = "cancelled_system"
	TransferCancelledUser     TransferPhase = "cancelled_user"
	TransferFinalizingSuccess TransferPhase = "finalizing_success"
	TransferFinishedSuccess   TransferPhase = "finished_success"
	TransferFinishedFailure   TransferPhase = "finished_failure"
	TransferFinishedCleanup   TransferPhase = "finished_cleanup"
)

// TimeoutPolicy is timeout_policy of an image transfer: what becomes of it when its
// client is silent for too long. Legacy pauses an upload and cancels a download.
type TimeoutPolicy string

// The policies.
const (
	TimeoutLegacy TimeoutPolicy = "legacy"
	TimeoutPause  TimeoutPolicy = "pause"
	TimeoutCancel TimeoutPolicy = "cancel"
)

// ImageTransfer lets somebody outside write the content of a disk, or read it. A
// running job has the disk locked for as long as it lasts.
type ImageTransfer struct {
	ID        ID                `json:"id"`
	Disk      ID                `json:"disk"`
	DiskAlias string            `json:"disk_alias"`
	Direction TransferDirection `json:"direction"`
	// Format is that of the bytes that are moved: raw is what a guest sees of the
	// disk, cow is the image file itself.
	Format DiskFormat `json:"format"`
	// Host is shown as the one that serves the bytes; the engine itself does.
	Host ID `json:"host,omitempty"`
	// InactivityTimeout is in seconds; 0 is never.
	InactivityTimeout int           `json:"inactivity_timeout"`
	TimeoutPolicy     TimeoutPolicy `json:"timeout_policy"`
	Phase             TransferPhase `json:"phase"`
	// Before is the status that the disk had.
	Before DiskStatus `json:"before"`
	// Ticket is the right to move the bytes, and no name for logs. It is gone when
	// the transfer has ended.
	Ticket ID `json:"ticket,omitempty"`
	// Transferred counts the bytes that were moved up to the last change of the phase.
	Transferred   int64     `json:"transferred"`
	Owner         ID        `json:"owner,omitempty"`
	CorrelationID string    `json:"correlation_id,omitempty"`
	Started       time.Time `json:"started"`
	Ended         time.Time `json:"ended,omitzero"`
}

// Ref names the transfer.
func (t *ImageTransfer) Ref() Ref { return Ref{KindImageTransfer, t.ID} }

// ObjectName is the alias of the disk.
func (t *ImageTransfer) ObjectName() string { return t.DiskAlias }

// Over says whether the transfer has ended.
func (t *ImageTransfer) Over() bool {
	switch t.Phase {
	case TransferFinishedSuccess, TransferFinishedFailure, TransferFinishedCleanup:
		return true
	}
	return false
}

// Cancelled says whether the transfer was given up, by a user or by the engine.
func (t *ImageTransfer) Cancelled() bool {
	return t.Phase == TransferCancelledUser || t.Phase == TransferCancelledSystem
}

// Paused says whether nothing can be moved until the transfer is resumed.
func (t *ImageTransfer) Paused() bool {
	return t.Phase == TransferPausedUser || t.Phase == TransferPausedSystem
}
