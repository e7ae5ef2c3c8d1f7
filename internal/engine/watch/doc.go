// Package watch keeps a connection to every host and turns what hosts say into
// statuses of VMs.
//
// For each host there is one loop: connect, ask for events, compare all guests
// with what is recorded, then follow the events until the connection is lost;
// then again, with back-off. Silence makes a host non_responsive and its VMs
// unknown, never down. A VM's guest is looked at afresh for each event, so that
// lost, late and doubled events do no harm; what the look means is decided by
// the tables of lifecycle. A VM that a job holds is looked at when the job ends.
//
// Start reading at [Watcher] (watcher.go), then connection.go and observe.go.
package watch
