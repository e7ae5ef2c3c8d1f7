package lease

import (
	"context"
	"errors"
	"time"

	"vireo/internal/model"
)

// Leases makes and reads the leases in storage domains. domain is always a whole value
// as the engine has it; nothing is remembered between calls.
type Leases interface {
	// Ready makes the lockspace of a domain, which hosts can join then, where there is none
	// yet. uid and gid are whom the files are to belong to; -1 leaves the engine's own.
	Ready(ctx context.Context, domain *model.StorageDomain, uid, gid int) error
	// Place says what a guest's definition is to name.
	Place(domain *model.StorageDomain, vm model.ID) Place
	// Make is Ready, and makes the lease of a VM. What is there already is left as it is.
	Make(ctx context.Context, domain *model.StorageDomain, vm model.ID, uid, gid int) error
	// Remove deletes the lease of a VM. Not there is success.
	Remove(ctx context.Context, domain *model.StorageDomain, vm model.ID) error
	// Record reads who holds the lease of a VM.
	Record(ctx context.Context, domain *model.StorageDomain, vm model.ID) (Record, error)
	// Renewals reads what hosts have last written to say that they live, by their numbers.
	// A host whose record cannot be read is left out.
	Renewals(ctx context.Context, domain *model.StorageDomain) (map[uint64]Renewal, error)
}

// Place is what the definition of a guest says of its lease.
type Place struct {
	// Space is the name of the lockspace, Key that of the lease in it.
	Space, Key string
	// Path is the file of the lease on every host.
	Path string
}

// Record is what is written in a lease.
type Record struct {
	// Held says that Holder holds it, or has ended without giving it up.
	Held   bool
	Holder model.Holder
}

// Renewal is what one host has written in the lockspace.
type Renewal struct {
	// Generation counts how often the host has joined the lockspace.
	Generation uint64
	// Stamp changes with each renewal. 0 says that the host has left the lockspace, after
	// all that held leases there had ended.
	Stamp uint64
	// Dead is how long a host does not renew until it is certain that its guests have been
	// killed, by its lease manager or by its watchdog.
	Dead time.Duration
	// Every is how often a host renews that lives.
	Every time.Duration
}

// ErrUnable is wrapped by what cannot be done because the program for it is missing.
var ErrUnable = errors.New("the program for leases is not installed where the engine runs")
