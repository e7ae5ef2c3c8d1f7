// Package vault keeps what only guests are to learn: it seals texts with a key
// that lies in a file beside the database, so that the database, its backups, jobs
// and logs hold nothing that can be read without it.
//
// It knows nothing of where sealed texts go. Start with [Open]; a text is sealed
// where it comes in (rest, and server for join accounts) and revealed where it goes
// into a guest's image (engine/vms). Of what rest shows, scripts and files are
// revealed to those who may see them; passwords and keys never are.
package vault
