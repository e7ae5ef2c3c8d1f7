// Package sanlock is the port lease for sanlock, as the package libvirt-sanlock has
// libvirt use it: a storage domain is a lockspace, whose records are in dom_md/ids, and
// the lease of each VM is a file of its own in the domain's directory leases.
//
// Records are made by the program sanlock and read directly, past the page cache: a
// cached renewal would be a false proof. That the format is understood is checked with
// each record, by its magic number, version, checksum and names.
//
// It must not speak to sanlock's daemon: the engine holds no leases.
//
// Start reading at [Leases] (leases.go); the format is in record.go.
package sanlock
