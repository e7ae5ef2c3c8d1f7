// Package version holds the version of this program, set when it is built.
package version

// Version is what `make build` finds out from Git; "dev" in other builds.
var Version = "dev"
