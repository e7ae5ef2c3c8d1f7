// Package clusters is the room of clusters: the rows of the command table for them,
// a file per verb.
//
// Nothing here touches a host or a guest: placement reads a cluster when it looks
// for a host.
//
// Start reading at [Commands] (commands.go).
package clusters
