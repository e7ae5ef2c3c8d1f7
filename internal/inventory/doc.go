// Package inventory is the versioned copy in memory of what the store holds:
// all objects and the jobs that run, for reads without the database, and the
// one way to change them.
//
// Values are immutable: a reader keeps what it was given for as long as it
// likes, and the identity of a pointer is the version of the object. A change
// is a transaction ([Inventory.Update]): staged, written to the store as one
// batch with its jobs and events, and only then visible to readers.
//
// It knows nothing of statuses, hosts or permissions.
//
// Start reading at [Inventory.Update] (update.go) and [Table] (table.go).
package inventory
