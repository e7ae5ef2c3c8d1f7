// Package audit is the table of events: for each code its severity and its
// sentence (api-v3 appendix B).
//
// Codes and severities are facts that clients filter on; the sentences are
// ours. It writes nothing: callers put what it makes into their transaction.
//
// Start reading at [New].
package audit
