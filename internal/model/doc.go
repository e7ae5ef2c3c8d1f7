// Package model says what exists: virtual machines, hosts, disks, jobs and the
// rest, as plain values, and the closed lists of words their fields may hold.
//
// It is the foundation: it imports nothing of Vireo, does no I/O, knows no wire
// format and no clock. Words are spelled as version 4 of the API spells them;
// sizes are bytes and times UTC unless a field says otherwise.
//
// Values that have been stored are never changed in place: whoever wants a
// change takes a [Clone], edits it and stores that.
//
// Start reading at [VM] (vm.go) and [Job] (job.go).
package model
