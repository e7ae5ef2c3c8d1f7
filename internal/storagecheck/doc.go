// Package storagecheck compares what is recorded with what lies in the storage
// domains: volumes without a record and records without a volume, chains, metadata,
// what runs and saved states have left, temporary files, descriptions of VMs, and
// locks that no job holds.
//
// It only reads. It may run while the engine works: what a running job names is
// left out, and so is what is only seen once (see [Check]). What is expected to lie
// where is collected in one place (expected.go): whoever keeps something new in a
// storage domain adds a collector there.
//
// It knows the ports of images and the inventory, and nothing of directories.
package storagecheck
