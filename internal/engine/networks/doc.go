// Package networks is the room of what network interfaces are connected to: logical
// networks, the clusters that have them, the vNIC profiles that VMs are connected by,
// the bridges of hosts that carry them, and the pools of MAC addresses. It has the rows
// of the command table for them.
//
// All of it is configuration: no command waits for a job, and nothing here touches a
// host. How a network is found on a host is in engine/placement. The package knows
// nothing of HTTP or wire formats.
//
// Start reading at [Commands] (commands.go).
package networks
