// Package wire is the one codec of the API: it walks Go structs, called shapes,
// and writes and reads them as XML and as JSON. A field is named once, by its
// tag, so the two formats cannot drift.
//
// It knows no resource, no version of the API and no HTTP: what an element means
// and which status code an [Error] becomes is its callers' business.
//
// # Shapes
//
// A shape is a struct. Every exported field carries a tag:
//
//	ID      *string  `wire:"id,attr"`     attribute; an ordinary member in JSON
//	Name    *string  `wire:"name"`        element
//	Display *Display `wire:"display"`     element with content of its own
//	Link    []Link   `wire:"link"`        repeated element; an array in JSON
//	Text    string   `wire:",value"`      text beside attributes; member "value" in JSON
//	Cores   int      `wire:"cores,keep"`  written even when it is zero
//	Cache   any      `wire:"-"`           not part of the representation
//
// An embedded struct without a tag stands for its fields, in its place. A nil
// pointer is an absent element, a pointer to a zero value a present one
// (`<x/>` for an empty struct or text); a field that is no pointer is left out
// while it is zero, unless it says keep. Fields may be strings, booleans,
// integers, float64, [time.Time], structs, pointers to these and slices of these.
//
// The Go type decides how a number looks: int, int32, uint16 and uint32 are the
// schema's 32-bit (or shorter) integers, JSON strings; int64 and uint64 are its
// longs, JSON numbers in version 3 of the API and strings in version 4
// ([JSON.LongsAsText]); float64 is a decimal and [time.Time] a date.
//
// Start reading at [AppendXML] and [ReadXML]; plan.go compiles a shape once.
package wire
