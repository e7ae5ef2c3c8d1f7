// Package placement finds the host for a VM: filters that say why a host will
// not do, then weights that order those that will. Both are data, and the weights
// are those of the cluster's scheduling policy.
//
// It looks at values only and changes nothing. Because it is asked inside the
// transaction that reserves the host, VMs that start at the same time never share
// the same memory. What the VMs on each host claim is kept beside the inventory
// ([Index]) and corrected by what the transaction has staged, so that a choice costs
// a look at each host of the cluster and none at the other VMs.
//
// Start reading at [Index.Choose].
package placement
