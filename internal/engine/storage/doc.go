// Package storage is the room of storage domains: the rows of the command table by
// which they are added or imported, attached to a data center, activated, put into
// maintenance, detached and removed.
//
// A domain is connected, which is mounted where it needs to be, from the beginning
// of attach or activate to the end of deactivate: while it is active, or would be if
// its storage did not fail. What its metadata says of its name, data center and role
// follows what is recorded: see [engine.Engine.Describe].
//
// Start reading at [Commands] (commands.go).
package storage
