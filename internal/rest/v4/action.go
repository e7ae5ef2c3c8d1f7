package v4

import "vireo/internal/model"

// Action is the body of an action and its answer (api-v4 3.4).
type Action struct {
	Resource
	Async            *bool        `wire:"async"`
	Directory        *string      `wire:"directory"`
	DiscardSnapshots *bool        `wire:"discard_snapshots"`
	Exclusive        *bool        `wire:"exclusive"`
	Fault            *Fault       `wire:"fault"`
	FenceType        *string      `wire:"fence_type"`
	FileName         *string      `wire:"filename"`
	Force            *bool        `wire:"force"`
	GracePeriod      *GracePeriod `wire:"grace_period"`
	ProxyTicket      *ProxyTicket `wire:"proxy_ticket"`
	Reason           *string      `wire:"reason"`
	// ViewerFile is the text of a file for remote-viewer.
	ViewerFile    *string    `wire:"remote_viewer_connection_file"`
	Status        *string    `wire:"status"`
	Ticket        *Ticket    `wire:"ticket"`
	Disk          *Disk      `wire:"disk"`
	Host          *Reference `wire:"host"`
	Job           *Reference `wire:"job"`
	StorageDomain *Reference `wire:"storage_domain"`
	VM            *Reference `wire:"vm"`
}

// GracePeriod is grace_period; Expiry is in milliseconds.
type GracePeriod struct {
	Expiry int64 `wire:"expiry,keep"`
}

// Destination is the storage domain that a disk is moved or copied to.
func (a *Action) Destination(method string, find Finder) (id model.ID, err error) {
	need := required{subject: "Action", method: method}
	need.need(a.StorageDomain.given(), "storageDomain.id|name")
	if err := need.check(); err != nil {
		return "", err
	}
	err = setReference(&id, a.StorageDomain, model.KindStorageDomain, find)
	return id, err
}

// NewAlias is what the copy of a disk is to be called; empty if it is not said.
func (a *Action) NewAlias() (alias string) {
	if a.Disk != nil {
		set(&alias, a.Disk.Name)
		set(&alias, a.Disk.Alias)
	}
	return alias
}
