// Package imagetest states the promises that every implementation of package
// image keeps, as tests. It knows only the port; what is particular to a layout
// on disk, and what hostile files do to it, is tested beside the implementation.
//
// Start reading at [Target].
package imagetest
