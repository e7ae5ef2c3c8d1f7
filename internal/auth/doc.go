// Package auth says who is calling and what they may do: users and their
// passwords, sessions, roles and permits.
//
// It reads users, roles and permissions through [Records] and keeps nothing that
// must survive a restart: sessions, remembered credentials and counted wrong
// passwords live in memory, each in a bounded amount. It must not know HTTP, the
// database or what the permits are needed for. Clear-text passwords come in,
// are compared and are never kept or logged.
//
// Start reading at [Directory.Authenticate] (directory.go) for who is calling,
// [Sessions] (sessions.go) for how they stay known, and [Allowed] (allowed.go),
// the one check of what they may do.
package auth
