// Package host is the port to hypervisors: what a machine that runs guests can
// be asked, in Vireo's own words, and the three ways in which it can say no.
//
// Nothing outside host/libvirt has heard of libvirt. host/fake is a hypervisor
// in memory that takes orders to fail; hosttest states the promises that every
// driver keeps. A driver decides nothing: it does not retry, does not restart
// guests and does not remember anything that the machine itself forgets.
//
// Start reading at [Driver] and [Host] (host.go), then [GuestSpec] (spec.go).
package host
