// Package pools holds the verbs on pools of VMs: add, update, remove, and allocatevm,
// which gives a VM of a pool to whoever asks. Taking a VM out of its pool is a verb on
// VMs.
//
// What belongs to a pool, who has which VM and what the end of a run means to it is
// in the engine itself (engine/pools.go), which every room needs; that VMs are
// prestarted is the watcher's.
//
// Start reading at Commands (commands.go).
package pools
