// Package access is the room of people and what they may do: users, groups, roles
// and permissions, and the accounts of the engine's own users. The rows of the
// command table for them, a file per kind.
//
// Nothing here touches a guest, so no command waits for a job. Passwords come as
// hashes. The package knows nothing of HTTP or wire formats, and of directories
// outside only what [auth.Sources] says.
//
// Start reading at [Commands] (commands.go).
package access
