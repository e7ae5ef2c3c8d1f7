// Package lease is the port to the leases of VMs: records in a storage domain that say
// which host holds a guest, kept by a lease manager on the hosts that kills the guest
// when it cannot hold them any more.
//
// It does not know hosts or VMs by name, nor what follows from what it reads. What it
// answers is used as a proof that a guest has ended, so it never guesses: what cannot be
// read, or is not understood, is an error, and an error proves nothing. That an image
// can be locked proves nothing either and is not asked here.
//
// Start reading at [Leases].
package lease
