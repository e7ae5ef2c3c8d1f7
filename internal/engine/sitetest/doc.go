// Package sitetest gives tests a whole engine to break in virtual time: real
// state in SQLite, real images in a directory, and hosts of the fake world.
//
// A [Site] outlives its engines: one can be stopped, killed at a chosen point
// and started again on the same data and the same hosts, as happens to real
// ones. [Site.Whole] says what must be true whenever nothing is going on:
// nothing is locked, nothing is left over, and every status is what the hosts
// say. For trying single rooms there is enginetest, which is quicker to use and
// runs in real time.
//
// Start reading at [Site] (site.go), then reach.go and whole.go.
package sitetest
