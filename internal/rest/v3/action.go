package v3

import (
	"time"

	"vireo/internal/model"
)

// Action is the body of an action and its answer (api-v3 2.4).
type Action struct {
	Resource
	Async            *bool                    `wire:"async"`
	GracePeriod      *GracePeriod             `wire:"grace_period"`
	Host             *Reference               `wire:"host"`
	Ticket           *Ticket                  `wire:"ticket"`
	StorageDomain    *Reference               `wire:"storage_domain"`
	Cluster          *Reference               `wire:"cluster"`
	DiscardSnapshots *bool                    `wire:"discard_snapshots"`
	Exclusive        *bool                    `wire:"exclusive"`
	VM               *VM                      `wire:"vm"`
	Snapshot         *Reference               `wire:"snapshot"`
	Template         *Reference               `wire:"template"`
	Pause            *bool                    `wire:"pause"`
	Force            *bool                    `wire:"force"`
	Detach           *bool                    `wire:"detach"`
	Clone            *bool                    `wire:"clone"`
	RestoreMemory    *bool                    `wire:"restore_memory"`
	Disks            *Disks                   `wire:"disks"`
	Succeeded        *bool                    `wire:"succeeded"`
	ResolutionType   *string                  `wire:"resolution_type"`
	Job              *Reference               `wire:"job"`
	StorageDomains   *StorageDomainReferences `wire:"storage_domains"`
	Disk             *Disk                    `wire:"disk"`
	Reason           *string                  `wire:"reason"`
	FenceType        *string                  `wire:"fence_type"`
	PowerManagement  *PowerManagement         `wire:"power_management"`
	UseSysprep       *bool                    `wire:"use_sysprep"`
	UseCloudInit     *bool                    `wire:"use_cloud_init"`
	Status           *Status                  `wire:"status"`
	Fault            *Fault                   `wire:"fault"`
}

// Destination is the storage domain that an action names, as it must; method is the
// one in the refusal (api-v3 5.2).
func (a *Action) Destination(method string, find Finder) (model.ID, error) {
	if !a.StorageDomain.given() {
		return "", Incomplete("Action", method, "storageDomain.id|name")
	}
	return a.StorageDomain.Resolve(model.KindStorageDomain, find)
}

// GracePeriod is grace_period; Expiry is in milliseconds.
type GracePeriod struct {
	Expiry int64 `wire:"expiry,keep"`
}

// Ticket is ticket; Expiry is in minutes (api-v3 3.13).
type Ticket struct {
	Value  *string `wire:"value"`
	Expiry *uint32 `wire:"expiry"`
}

// Length is how long a ticket is to last; nil if it does not say. Lengths beyond
// reason all become the same one, which is still too long.
func (t *Ticket) Length() *time.Duration {
	if t.Expiry == nil {
		return nil
	}
	const beyondReason = 1 << 24
	return new(time.Duration(min(*t.Expiry, beyondReason)) * time.Minute)
}

// TicketOf shows a ticket.
func TicketOf(value string, length time.Duration) *Ticket {
	return &Ticket{Value: &value, Expiry: new(uint32(length / time.Minute))}
}
