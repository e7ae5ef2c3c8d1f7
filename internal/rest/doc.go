// Package rest is the edge: it turns HTTP requests into reads and commands of the
// engine, and what comes back, refusals too, into answers.
//
// One table (routes.go) says what can be asked under which path; OPTIONS, 405,
// links, actions lists and the search links of the root follow from it. Handlers
// decode, call and return; they never write: [Server.ServeHTTP] writes what they
// return, and refuse.go alone turns faults into codes and bodies. The nouns and
// what a version spells differently are in rest/v3; the codec is rest/wire.
//
// The package must not know how anything is done, and decides nothing about VMs.
//
// Start reading at [Server.ServeHTTP] (server.go), then at the table (routes.go).
package rest
