// Package server puts a running Vireo together: store, inventory, engine with
// its rooms, watcher, edge and listeners, and takes it apart again in order.
//
// It decides nothing; what a fresh engine contains is in seed.go.
//
// Start reading at [Open] and [Server.Serve].
package server
