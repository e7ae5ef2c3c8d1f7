// Package nics is the room of the network interfaces of VMs: the rows of the
// command table for them, a file per verb.
//
// All verbs are one change, from a network interface as it was to one as it
// shall be, either of which may be none; what that means for a guest that runs
// is in change.go. The package knows nothing of HTTP, wire formats or libvirt.
//
// Start reading at [Commands] (commands.go), then change.go.
package nics
