// Package fake is a hypervisor in memory that takes orders: machines whose
// guests boot, answer an agent, shut down and are saved, and which fail when and
// how they are told to ("the second Boot of vm7 is refused").
//
// It is for faults, for scale and for trying Vireo without hypervisors; what a
// feature really does is shown on real QEMU. A [World] outlives engines: guests
// run on when their engine dies, and the next one connects to the same world.
// It knows the port (package host) and nothing of engines. Time is only what
// package time says, so that everything runs in virtual time (testing/synctest)
// too, as long as the world is made inside the bubble.
//
// Start reading at [World] (world.go) and [Rule] (rule.go); what can happen to
// a machine is in machine.go, what can happen to a guest in trouble.go.
package fake
