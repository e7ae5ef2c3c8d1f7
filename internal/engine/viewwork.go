package engine

import (
	"context"
	"fmt"

	"vireo/internal/audit"
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/store"
)

// Events calls each for the events selected until it returns false.
func (v *View) Events(ctx context.Context, query store.EventQuery, each func(*model.Event) bool) error {
	if query.Limit > 0 && !v.scope().everything {
		return v.someEvents(ctx, query, each)
	}
	return read(v.engine.Inventory.Store().Events(ctx, query, func(event *model.Event) bool {
		return !v.seesEvent(event) || each(event)
	}))
}

// someEvents counts only those that the caller may see against the limit.
func (v *View) someEvents(ctx context.Context, query store.EventQuery, each func(*model.Event) bool) error {
	left := query.Limit
	query.Limit = 0
	return read(v.engine.Inventory.Store().Events(ctx, query, func(event *model.Event) bool {
		if !v.seesEvent(event) {
			return true
		}
		left--
		return each(event) && left > 0
	}))
}

// seesEvent: an event is for who may see what it is about; one that is about nothing
// is for who caused it. What was refused to somebody may name what that one must not
// know of, and is for those who see everything.
func (v *View) seesEvent(event *model.Event) bool {
	scope := v.scope()
	switch {
	case scope.everything:
		return true
	case event.Code == int(audit.NotPermitted):
		return false
	case event.VM != "":
		return scope.sees(model.Ref{Kind: model.KindVM, ID: event.VM})
	case event.User != "" && event.User == v.caller.User:
		return true
	case !scope.administrator:
		return false
	}
	for _, about := range []model.Ref{
		{Kind: model.KindHost, ID: event.Host},
		{Kind: model.KindStorageDomain, ID: event.StorageDomain},
		{Kind: model.KindTemplate, ID: event.Template},
		{Kind: model.KindCluster, ID: event.Cluster},
		{Kind: model.KindDataCenter, ID: event.DataCenter},
	} {
		if about.ID != "" {
			return scope.sees(about)
		}
	}
	return false
}

// Event finds one event.
func (v *View) Event(ctx context.Context, id int64) (*model.Event, error) {
	var wanted *model.Event
	query := store.EventQuery{After: id - 1, Before: id + 1}
	err := v.engine.Inventory.Store().Events(ctx, query, func(event *model.Event) bool {
		wanted = event
		return false
	})
	if err != nil {
		return nil, read(err)
	}
	if wanted == nil || !v.seesEvent(wanted) {
		return nil, fault.Missing(fmt.Sprint(id))
	}
	return wanted, nil
}

// Jobs gives the monitored jobs selected, newest first.
func (v *View) Jobs(ctx context.Context, query store.JobQuery) ([]*model.Job, error) {
	limit := query.Limit
	if !v.scope().everything {
		query.Limit = 0
	}
	jobs, err := v.engine.Inventory.Store().Jobs(ctx, query)
	if err != nil || v.scope().everything {
		return jobs, read(err)
	}
	var found []*model.Job
	for _, job := range jobs {
		if v.seesJob(job) && (limit <= 0 || len(found) < limit) {
			found = append(found, job)
		}
	}
	return found, nil
}

// seesJob: a job is for who began it, and for administrators of what it works on.
func (v *View) seesJob(job *model.Job) bool {
	scope := v.scope()
	return scope.everything || job.Owner != "" && job.Owner == v.caller.User ||
		scope.administrator && scope.sees(job.Target)
}

// Job finds one job, running or ended, monitored or not.
func (v *View) Job(ctx context.Context, id model.ID) (*model.Job, error) {
	job, running := v.engine.Inventory.Job(id)
	if !running {
		var err error
		if job, err = v.engine.Inventory.Store().Job(ctx, id); err != nil {
			return nil, read(err)
		}
	}
	if job == nil || !v.seesJob(job) {
		return nil, fault.Missing(string(id))
	}
	return job, nil
}
