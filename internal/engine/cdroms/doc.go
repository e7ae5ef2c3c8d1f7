// Package cdroms is the room of the CD drive that every VM has: the rows of the
// command table for it.
//
// A VM has a medium that is configured, which its next start finds in the drive,
// and while it runs a medium that is in the drive now. The package knows nothing
// of HTTP, wire formats or libvirt.
//
// Start reading at [Commands] (commands.go).
package cdroms
