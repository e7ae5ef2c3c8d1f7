// Package search is the query language of the API's collections: text → tree →
// text, and the evaluation of a tree on rows (reference v3, 1.8; v4, 1.10).
//
//	[<type>:] [<condition> [and|or] ...] [sortby <field> [asc|desc]] [page <number>]
//
// A condition is `field = value`, `object.field = value`, `object = words` or a
// bare word, which is looked for in several fields. `and` binds tighter than `or`;
// two conditions side by side mean `and` too, but bind loosest of all, as in the
// engine. Parentheses group. Values with blanks stand in double quotes, in which
// "" is one quote; * stands for anything. Keywords and field names have no case.
//
// The package knows no model, no store and no clock. Its callers describe what can
// be searched as a [Kind], a table of fields, and read the tree themselves where
// rows live in a database: [And], [Or], [Comparison] and [FreeText] are all there is.
//
// Start reading at [Parse], then [Compile].
package search
