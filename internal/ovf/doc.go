// Package ovf writes and reads the texts that describe the VMs and templates of a
// storage domain: the dialect of OVF of oVirt and RHV (api-v3 3.12, "OVF dialect"),
// which is not quite DMTF's.
//
// It is pure: values in, bytes out, the same bytes for the same values, and back.
// There is no file, no clock, no network. What is read may have been written by
// anybody: it is bounded in every way, entities are refused, and ids are UUIDs
// before anybody makes paths of them. Nothing secret is written or read.
//
// Start reading at [Document], then [Write] and [Read]. properties.go is the table of
// plain settings, hardware.go the devices, disks.go the volumes.
package ovf
