// Package fencing is the room where hosts are cut off, and where it is decided that
// what ran on a host has ended: the row host.fence.
//
// Nothing else in the engine says of a guest that it has ended which it cannot see.
// There are four proofs: the host's fence agent says that it has no power, or that it
// has no access to its storage, an operator says that it was restarted, or the host
// comes back with another boot id (package watch). Everything that follows from them is done by [engine.Engine.Lose].
// Of a single guest there is one more: its lease has died with its holder (package
// watch, [engine.Engine.LoseByLease]).
// docs/decisions/fencing.md says why.
//
// Start reading at [Commands].
package fencing
