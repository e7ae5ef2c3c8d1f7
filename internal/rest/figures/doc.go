// Package figures names the statistics of VMs, hosts and network interfaces: which there are, in
// what order, and in what units. They are the same in both versions of the API; how they are
// written is each version's own.
package figures
