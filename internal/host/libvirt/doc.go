// Package libvirt is the driver for real hypervisors: QEMU guests on hosts that
// run a libvirt daemon, reached over its RPC protocol, with no agent of our own.
//
// What the client library lacks stays in here: deadlines for each call,
// connections that are noticed to be dead, several connections per host so that
// a slow request holds up no other, guards against a hostile peer. So do
// libvirt's own words: its XML, its states, its error codes.
//
// The package must not know what a VM of the engine is, what a job is, or where
// disks come from: it is given a [host.GuestSpec] and starts that.
//
// Start reading at [Driver] (driver.go) and hypervisor (hypervisor.go); then
// link.go for how a call is made, domainxml.go for what a guest is made of,
// boot.go and guest.go for how it is started and looked at.
package libvirt
