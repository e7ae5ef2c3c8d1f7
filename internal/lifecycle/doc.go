// Package lifecycle holds the statuses of a VM and the moves between them, as
// tables: what an observation of the guest makes of a status, how long a
// status may last, and which statuses belong together.
//
// It has no clock, does no I/O and writes nothing: the engine and its watcher
// ask it and then write what it says.
//
// Start reading at [Observe] (observe.go), then [Limits] (limits.go).
package lifecycle
