// Package exports is the room of what lies in export storage domains: VMs and templates
// are exported to them, imported from them and removed (api-v3 3.12).
//
// What lies there is known by its text (package ovf) and by nothing else: it is the last
// thing that is written and the first that is removed, so that at any moment every text
// describes volumes that are whole. docs/decisions/export.md says how.
//
// Start reading at [Commands], then export.go and import.go.
package exports
