// Package postgres gives tests a real PostgreSQL server of their own: one for
// each test binary, private, on a socket in a temporary folder, with a fresh
// database for each call of [Start].
//
// It knows nothing of what the tests keep there. A machine without PostgreSQL
// fails the tests; Debian's package is postgresql.
//
// Start reading at [Start].
package postgres
