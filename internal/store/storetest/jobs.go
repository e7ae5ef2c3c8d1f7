package storetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"vireo/internal/model"
	"vireo/internal/store"
)

func jobIDs(jobs []*model.Job) []string {
	var out []string
	for _, one := range jobs {
		out = append(out, string(one.ID))
	}
	return out
}

func end(one *model.Job, status model.JobStatus, at time.Time) *model.Job {
	ended := model.Clone(one)
	ended.Status, ended.EndTime, ended.LastUpdated = status, at, at
	return ended
}

func runJobs(t *testing.T, state State) {
	opened := open(t, state)
	hidden := job("hidden", 1)
	hidden.Monitored = false
	late, early := job("late", 9), job("early", 0)
	commit(t, opened, &store.Batch{Jobs: []*model.Job{late, hidden, early}})
	running, err := opened.RunningJobs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want(t, "running, oldest first", jobIDs(running), []string{"early", "hidden", "late"})

	commit(t, opened, &store.Batch{Jobs: []*model.Job{end(early, model.JobFinished, epoch.Add(time.Hour))}, ForgetJobs: []model.ID{"hidden", "never was"}})
	opened = reopen(t, state, opened)
	if running, err = opened.RunningJobs(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, "running after one ended", jobIDs(running), []string{"late"})
	if found, err := opened.Job(t.Context(), "hidden"); found != nil || err != nil {
		t.Errorf("a forgotten job is found: %v, %v", found, err)
	}
}

func findJob(t *testing.T, state State) {
	opened := open(t, state)
	whole := job("whole", 1)
	whole.Monitored = false
	whole.Params, whole.Data = json.RawMessage(`{"a":1}`), json.RawMessage(`[]`)
	whole.Locks = []model.Ref{{Kind: model.KindVM, ID: "vm"}}
	whole.Steps = []model.Step{{ID: "s", Type: model.StepExecuting, Status: model.JobStarted, StartTime: epoch}}
	whole.Fault = &model.JobFault{Kind: "conflict", Code: "X", Message: "it's so"}
	commit(t, opened, &store.Batch{Jobs: []*model.Job{whole, job("other", 2)}})
	found, err := opened.Job(t.Context(), "whole")
	if err != nil {
		t.Fatal(err)
	}
	want(t, "job", found, whole)
	if found, err := opened.Job(t.Context(), "missing"); found != nil || err != nil {
		t.Errorf("a job that is not: %v, %v", found, err)
	}
}

func selectJobs(t *testing.T, state State) {
	opened := open(t, state)
	statuses := []model.JobStatus{model.JobFinished, model.JobFailed, model.JobStarted, model.JobFinished}
	var jobs []*model.Job
	for i := range 40 {
		one := job(fmt.Sprintf("%02d", i), i)
		one.Target.ID = model.ID(fmt.Sprintf("vm%d", i%5))
		one.CorrelationID = fmt.Sprintf("request %d", i/2)
		if status := statuses[i%len(statuses)]; status != model.JobStarted {
			one = end(one, status, one.StartTime.Add(time.Hour))
		}
		one.Monitored = i%10 != 9
		jobs = append(jobs, one)
	}
	shuffled := slices.Clone(jobs)
	slices.Reverse(shuffled[:20])
	commit(t, opened, &store.Batch{Jobs: shuffled})

	queries := []store.JobQuery{
		{},
		{Limit: 7},
		{Offset: 3, Limit: 7},
		{Offset: 30},
		{Offset: 1000},
		{Target: "vm3"},
		{CorrelationID: "request 7"},
		{Statuses: []model.JobStatus{model.JobFailed}},
		{Statuses: []model.JobStatus{model.JobStarted, model.JobFailed, model.JobStarted}, Offset: 2, Limit: 5},
		{Target: "vm2", Statuses: []model.JobStatus{model.JobFinished, model.JobFailed}},
		{Target: "vm2", CorrelationID: "request 1"},
		{Target: "nobody"},
	}
	for _, query := range queries {
		var expected []string
		for _, one := range slices.Backward(jobs) {
			if one.Monitored && (query.Target == "" || one.Target.ID == query.Target) &&
				(query.CorrelationID == "" || one.CorrelationID == query.CorrelationID) &&
				(query.Statuses == nil || slices.Contains(query.Statuses, one.Status)) {
				expected = append(expected, string(one.ID))
			}
		}
		found, err := opened.Jobs(t.Context(), query)
		if err != nil {
			t.Fatalf("%+v: %v", query, err)
		}
		want(t, fmt.Sprintf("%+v", query), jobIDs(found), page(expected, query.Offset, query.Limit))
	}
}

// page is the part of all that an offset and a limit leave; nil if nothing.
func page[T any](all []T, offset, limit int) []T {
	if offset >= len(all) {
		return nil
	}
	all = all[offset:]
	if limit > 0 && limit < len(all) {
		all = all[:limit]
	}
	return all
}

// prune has events and jobs of three hours, with clocks that step back.
func prune(t *testing.T, state State) {
	opened := open(t, state)
	const count = 5000
	many := events(1, count)
	for i := range many {
		if i%7 == 0 {
			many[i].Time = many[i].Time.Add(-40 * time.Minute)
		}
	}
	commit(t, opened, &store.Batch{Events: many})
	old, kept := epoch.Add(time.Hour), epoch.Add(2*time.Hour)
	var jobs []*model.Job
	for i := range 1200 {
		jobs = append(jobs, end(job(fmt.Sprintf("old %d", i), 0), model.JobFinished, old))
	}
	jobs = append(jobs, end(job("new", 0), model.JobFailed, kept), job("running", 0))
	commit(t, opened, &store.Batch{Jobs: jobs})

	if removed, err := opened.Prune(t.Context(), time.Time{}, time.Time{}); removed != 0 || err != nil {
		t.Errorf("pruning before no time removed %d: %v", removed, err)
	}
	before := epoch.Add(time.Hour)
	var left []int64
	for i := range many {
		if !many[i].Time.Before(before) {
			left = append(left, many[i].ID)
		}
	}
	removed, err := opened.Prune(t.Context(), before, kept)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "removed", removed, count-len(left)+1200)
	want(t, "events left", ids(t, opened, store.EventQuery{Ascending: true}), left)
	want(t, "events left, by time", ids(t, opened, store.EventQuery{Ascending: true, Since: epoch}), left)
	found, err := opened.Jobs(t.Context(), store.JobQuery{})
	if err != nil {
		t.Fatal(err)
	}
	want(t, "jobs left", jobIDs(found), []string{"running", "new"})
	if removed, err := opened.Prune(t.Context(), before, kept); removed != 0 || err != nil {
		t.Errorf("pruning again removed %d: %v", removed, err)
	}
}
