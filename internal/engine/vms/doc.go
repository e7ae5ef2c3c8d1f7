// Package vms is the room of virtual machines: the rows of the command table
// for them, a file per verb.
//
// It knows what each verb means for a VM and its guest, and nothing of HTTP,
// wire formats or libvirt.
//
// Start reading at [Commands] (commands.go), then start.go.
package vms
