package job

import (
	"time"

	"vireo/internal/model"
)

// progressInterval is how often the progress of a step is written at the most.
const progressInterval = time.Second

// Progress tells how far the step has come, in any unit that both share: it is shown
// with the job, as a whole percentage, and written at most once in progressInterval.
// It is called by the step itself. That it could not be written is no reason to fail:
// whoever may not write any more learns of it when the step ends.
func (w *Work) Progress(done, total int64) {
	if total <= 0 {
		return
	}
	percent := int(100 * (float64(min(max(done, 0), total)) / float64(total)))
	if time.Since(w.told) < progressInterval {
		return
	}
	w.told = time.Now()
	if shown := progressOf(w.Job); shown != nil && *shown == percent {
		return
	}
	_ = w.runner.record(w, func(job *model.Job) { setProgress(job, percent) })
}

// progressOf is what is shown of the step that is at work; nil when it has said
// nothing yet.
func progressOf(job *model.Job) *int {
	if n := len(job.Steps); n > 0 {
		return job.Steps[n-1].Progress
	}
	return nil
}

// setProgress writes it to the step that is at work.
func setProgress(job *model.Job, percent int) {
	if n := len(job.Steps); n > 0 && job.Steps[n-1].Parent != "" && job.Steps[n-1].Status == model.JobStarted {
		job.Steps[n-1].Progress = new(percent)
	}
}
