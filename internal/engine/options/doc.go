// Package options is the room of engine options: the row of the command table by
// which an operator sets one.
//
// What options there are and what they may be is the table of package option.
//
// Start reading at [Commands].
package options
