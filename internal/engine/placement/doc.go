// Package placement finds the host for a VM: filters that say why a host will
// not do, then weights that order those that will. Both are data.
//
// It looks at values only and changes nothing; because it is asked inside the
// transaction that reserves the host, VMs that start at the same time never
// share the same memory.
//
// Start reading at [Choose].
package placement
