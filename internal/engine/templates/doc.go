// Package templates holds the verbs of templates: made from a VM that is down, changed,
// removed (api-v3 2.6, 6.2).
//
// A template is a configuration with disks that are only read. Each is one volume that
// stands alone; the disks of thin VMs stand on it, by another link to the same file in
// their own image group. Start reading at [Commands]; what VMs are made of templates is
// in engine/vms.
package templates
