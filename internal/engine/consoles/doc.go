// Package consoles is the room of those who sit before a guest: the rows of the command
// table that give out passes to its consoles, and the connections that are made with
// them.
//
// A pass opens one connection, for whom it was given to, soon after it was given. The
// display asks for the ticket besides, all of it: the room remembers the tickets that
// were set while the engine runs, in memory alone. A [Connection] ends with its VM's
// run, its ticket, its user's session or permit, with silence, or with time.
//
// The package knows nothing of HTTP. Start reading at [Room.Commands] (commands.go),
// then [Room.Open] (open.go).
package consoles
