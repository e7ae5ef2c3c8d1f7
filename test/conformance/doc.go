// Command conformance compares a running engine with a schema of version 3 of the
// API and with a table of its operations. Neither belongs to this project.
//
// It crawls from the root, following every address that an answer names, and
// gives each answer to xmllint. Then it asks by OPTIONS which of the operations
// exist. It changes nothing. It fails if an answer is not valid in a way that is
// not among the known exceptions (docs/divergences.md).
//
// Start reading at main.go.
package main
