//go:build crashpoints

package main

import (
	"os"
	"strings"
	"syscall"

	"vireo/internal/job"
)

// died kills the program at the step of a job that VIREO_CRASH_AT names:
// PATH/STEP when its work is about to begin, PATH/STEP/done when it is done and
// not yet recorded, PATH/STEP/undo and PATH/STEP/undo/done likewise. Only
// programs built for tests have it.
func died(point job.Point) bool {
	words := []string{point.Job.Path, point.Step}
	if point.Undo {
		words = append(words, "undo")
	}
	if point.Worked {
		words = append(words, "done")
	}
	if os.Getenv("VIREO_CRASH_AT") != strings.Join(words, "/") {
		return false
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}
