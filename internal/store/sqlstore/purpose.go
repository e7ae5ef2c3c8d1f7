package sqlstore

// purpose says what a connection is for.
type purpose int

const (
	// toWrite is the engine's: durable, one connection.
	toWrite purpose = iota
	// toRead cannot change anything.
	toRead
	// toCopy reads a whole SQLite file once, into another.
	toCopy
	// toFill fills or changes an SQLite file that nobody else sees until it was
	// synced.
	toFill
)

// readConnections is how many queries run at the same time.
const readConnections = 3
