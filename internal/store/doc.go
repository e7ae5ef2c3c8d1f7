// Package store is the port to what survives a restart: objects as documents,
// jobs, events, and the lock that makes one engine the only writer.
//
// It knows nothing of what the documents mean and imports nothing but model.
// sqlstore keeps them in SQLite or PostgreSQL; storetest states the promises
// that both must keep.
//
// Start reading at [Store].
package store
