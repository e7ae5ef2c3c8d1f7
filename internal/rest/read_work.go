package rest

import (
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/store"
)

// jobs lists the monitored jobs, newest first.
var jobList = collection[*model.Job]{
	root: "jobs", item: "job",
	rows: func(r *request) ([]*model.Job, error) {
		limit, err := r.max()
		if err != nil || limit == 0 {
			return nil, err
		}
		return r.view.Jobs(r.context(), store.JobQuery{Limit: max(limit, 0)})
	},
	show: showJob,
}

var oneJob = object("job", (*request).job, showJob)

// job finds a job that the API shows; the others are the engine's own.
func (r *request) job() (*model.Job, error) {
	found, err := r.view.Job(r.context(), r.id("job"))
	if err == nil && !found.Monitored {
		return nil, fault.Missing(string(found.ID))
	}
	return found, err
}

func showJob(r *request, job *model.Job) (any, error) { return r.page.ShowJob(job), nil }

// jobStep is a step with the job it is one of.
type jobStep struct {
	step *model.Step
	job  *model.Job
}

var stepList = collection[jobStep]{
	root: "steps", item: "step",
	rows: (*request).steps,
	show: showStep,
}

var oneStep = object("step", (*request).step, showStep)

func (r *request) step() (jobStep, error) {
	all, err := r.steps()
	return pick(all, r.ids["step"], err, func(s jobStep) *string { return new(string(s.step.ID)) })
}

func (r *request) steps() ([]jobStep, error) {
	job, err := r.job()
	if err != nil {
		return nil, err
	}
	found := make([]jobStep, len(job.Steps))
	for i := range job.Steps {
		found[i] = jobStep{&job.Steps[i], job}
	}
	return found, nil
}

func showStep(r *request, s jobStep) (any, error) { return r.page.ShowStep(s.step, s.job), nil }
