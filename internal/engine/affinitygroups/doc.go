// Package affinitygroups is the room of affinity groups, which say of the VMs of a
// cluster that they are to run on one host, or on different ones: the rows of the
// command table for them, a file per verb.
//
// Nothing here touches a guest: placement reads the groups when it looks for a
// host, and a group that does not hold is told of in the events.
//
// Start reading at [Commands] (commands.go).
package affinitygroups
