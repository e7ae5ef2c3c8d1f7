package job

import (
	"time"

	"vireo/internal/fault"
	"vireo/internal/model"
)

// NewSteps are the steps that a job shows from its acceptance on: validated,
// executing.
func NewSteps(now time.Time) []model.Step {
	return []model.Step{
		{
			ID: model.NewID(), Type: model.StepValidating, Number: 0, Description: "Validating",
			Status: model.JobFinished, StartTime: now, EndTime: now,
		},
		{
			ID: model.NewID(), Type: model.StepExecuting, Number: 1, Description: "Executing",
			Status: model.JobStarted, StartTime: now,
		},
	}
}

// beginStep shows a step under "Executing", unless it is shown from an attempt
// before a crash.
func beginStep(job *model.Job, step Step) {
	if n := len(job.Steps); n > 0 {
		last := job.Steps[n-1]
		if last.Parent != "" && last.Status == model.JobStarted {
			return
		}
	}
	var parent model.ID
	number := 0
	for _, shown := range job.Steps {
		if shown.Type == model.StepExecuting && shown.Parent == "" {
			parent = shown.ID
		}
		if shown.Parent != "" {
			number++
		}
	}
	title := step.Title
	if title == "" {
		title = step.Name
	}
	job.Steps = append(job.Steps, model.Step{
		ID: model.NewID(), Parent: parent, Type: model.StepExecuting,
		Number: number, Description: title, Status: model.JobStarted, StartTime: job.LastUpdated,
	})
}

func endStep(job *model.Job, status model.JobStatus) {
	if n := len(job.Steps); n > 0 && job.Steps[n-1].Parent != "" && job.Steps[n-1].Status == model.JobStarted {
		job.Steps[n-1].Status = status
		job.Steps[n-1].EndTime = job.LastUpdated
		if status == model.JobFinished && job.Steps[n-1].Progress != nil {
			job.Steps[n-1].Progress = new(100)
		}
	}
}

// finish closes a job and all its steps.
func finish(job *model.Job, failure error) {
	now := time.Now().UTC()
	job.Status = model.JobFinished
	if failure != nil {
		job.Status = model.JobFailed
		said := fault.Of(failure)
		job.Fault = &model.JobFault{Kind: string(said.Kind), Code: said.Code, Message: said.Message()}
	}
	for i := range job.Steps {
		if job.Steps[i].Status == model.JobStarted {
			job.Steps[i].Status = job.Status
			job.Steps[i].EndTime = now
		}
	}
	number := 0
	for _, shown := range job.Steps {
		if shown.Parent == "" {
			number++
		}
	}
	job.Steps = append(job.Steps, model.Step{
		ID: model.NewID(), Type: model.StepFinalizing, Number: number,
		Description: "Finalizing", Status: job.Status, StartTime: now, EndTime: now,
	})
	job.EndTime, job.LastUpdated = now, now
	// Nobody needs what it was asked any more; it may hold secrets of guests.
	job.Params, job.Data = nil, nil
}
