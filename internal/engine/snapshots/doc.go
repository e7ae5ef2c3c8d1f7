// Package snapshots holds the verbs of snapshots: taking, removing, previewing and
// restoring them. A snapshot of a disk is the volume that was the active one then; what
// is written later goes to a new volume on top of it. The record changes in one
// transaction, and storage follows it: see [engine.Engine.Tidy]. Start reading in
// commands.go.
package snapshots
