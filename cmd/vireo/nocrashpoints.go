//go:build !crashpoints

package main

import "vireo/internal/job"

// died never dies; see crashpoints.go.
var died func(job.Point) bool
