// Package option is the table of engine options: their names, defaults and what
// they mean. Every documented waiting time is one of them.
//
// Values that an operator has set are kept as objects in the inventory; this
// package reads and checks them and knows nothing else.
//
// Start reading at [Table].
package option
