// Package fault is the one vocabulary for saying no: a kind, a code of the
// message catalogue, a sentence fit for users and a cause fit for the log.
//
// Everything inside Vireo that refuses a request returns a [*Fault];
// rest/refuse.go is the only place that turns kinds into HTTP. Whatever else
// reaches the edge is "internal", and its text stays inside.
//
// Start reading at [Fault] (fault.go), then at the catalogue (codes.go).
package fault
