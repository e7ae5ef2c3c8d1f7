// Package tags is the room of tags, which form a tree and are put on VMs,
// templates, hosts, users and groups: the
// rows of the command table for them, a file per verb.
//
// Nothing here touches a guest, so no command waits for a job. The package knows
// nothing of HTTP or wire formats.
//
// Start reading at [Commands] (commands.go).
package tags
