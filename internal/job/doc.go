// Package job runs durable work: named steps that are recorded before and after
// they are done, undone backwards when one fails, and taken up again where they
// were after a crash.
//
// It knows nothing of VMs or hosts: what the steps do, and what their end means
// for the objects concerned, belongs to the [Plan] that the engine supplies.
// A job holds its locks as long as it runs, so nothing needs to be unlocked by
// hand; and every step may be done twice, because after a crash it will be.
//
// Start reading at [Runner] (runner.go) and [Step] (plan.go).
package job
