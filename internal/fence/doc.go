// Package fence is the port to what cuts a machine off from outside: its power
// supply, its management processor, the hypervisor below it.
//
// It does not know hosts or VMs, nor when a machine is to be cut off. What it
// answers is used as a proof that whatever ran on the machine has ended, so it
// never guesses: an answer that is not understood is an error.
//
// Start reading at [Fences].
package fence
