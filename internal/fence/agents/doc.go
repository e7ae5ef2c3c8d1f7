// Package agents runs the programs of the package fence-agents, which cut machines
// off: fence_ipmilan and its like.
//
// What they need is written to their standard input, passwords too, and their end
// says what has come of it. They are run one at a time per call, with a time limit
// and in an environment of their own.
//
// Start reading at [Programs.Status].
package agents
