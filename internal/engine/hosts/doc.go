// Package hosts is the room of hosts: the rows of the command table by which an
// operator adds, changes and removes machines with libvirt, gives them work and
// takes it away, and says what became of one that is not heard.
//
// A host's status is a wish and an observation at once: what a row makes of it is in
// the table of package lifecycle, and the watcher follows it. It connects to hosts
// that were added, lets go of those that are in maintenance, and moves to
// maintenance what was to go there once no VM runs on it.
//
// Start reading at [Commands] (commands.go).
package hosts
