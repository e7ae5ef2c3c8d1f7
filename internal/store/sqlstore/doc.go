// Package sqlstore keeps the state of an engine in SQLite (the default) or in
// PostgreSQL: the implementation of [vireo/internal/store.Store].
//
// Objects, jobs and events are rows with a document (JSON) and, beside it, the
// columns that queries select by. Times are microseconds since 1970, UTC. The
// schema is in migrations/, a folder for each dialect; it runs forward by itself.
//
// One state has one writer. Two barriers see to it:
//
//   - The lock. For SQLite it is a file lock on <database>.lock, which the kernel
//     gives back when the process ends, however it ends; for PostgreSQL an
//     advisory lock of the one session that also does all the writing, so that
//     whatever that session commits is committed under the lock: the server
//     gives the lock to nobody else before the session, and any transaction of
//     it, is over.
//   - The token. Whoever gets the lock writes a new random token into the table
//     engine, and every transaction begins with an update of that row that names
//     the writer's token. Should a lock ever fail (a file system without locks, a
//     lock file removed by hand, a connection pooler in between), then the engine
//     that came first cannot commit once the second has written its token: the
//     row lock puts both in order, and the first finds no row.
//
// An engine that finds out that it has lost either is fenced: it never commits
// again, and says so through Fenced.
//
// The package knows nothing of what documents mean, of HTTP or of hypervisors.
//
// Start reading at [Open] (open.go), then commit.go and events.go.
package sqlstore
