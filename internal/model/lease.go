package model

import "time"

// RunLease is what is known of the lease of a VM's run. It begins with the start, and
// again when the guest has moved to another host.
type RunLease struct {
	// Domain is where the lease is.
	Domain ID `json:"domain"`
	// Floor is the version of the lease before: one that has not grown says nothing of
	// this run. Not is the host that the guest has left, as sanlock numbers it; 0 for none.
	Floor uint64 `json:"floor"`
	Not   uint64 `json:"not,omitempty"`
	// Holder is who was read to hold it while the guest was seen to run on its host; nil
	// while nobody was.
	Holder *Holder `json:"holder,omitempty"`
	// Dead is how long the holder does not renew until it is certain to have killed the guest,
	// as it said then.
	Dead time.Duration `json:"dead,omitempty"`
	// Told says that it was told of that nobody holds it.
	Told bool `json:"told,omitempty"`
}

// Holder is who holds a lease: the host's number in the lockspace, how often it had joined
// that, and how often the lease had been taken when it was.
type Holder struct {
	Host       uint64 `json:"host"`
	Generation uint64 `json:"generation"`
	Version    uint64 `json:"version"`
}
