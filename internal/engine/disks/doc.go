// Package disks is the room of disks: the rows of the command table for them, a
// file per verb. A disk is made, attached to VMs, plugged into running guests,
// grown and removed here.
//
// It knows what each verb means for a disk, its image and the guests that use
// it, and nothing of HTTP, wire formats, files or libvirt.
//
// Start reading at [Commands] (commands.go), then add.go; what happens to a disk
// of a running guest is in change.go and growinuse.go.
package disks
