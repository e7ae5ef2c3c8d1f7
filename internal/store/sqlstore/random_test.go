package sqlstore_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"vireo/internal/model"
	"vireo/internal/store"
	"vireo/internal/store/sqlstore"
)

// contents is what a state must hold, kept in maps.
type contents struct {
	records map[model.Ref]store.Record
	jobs    map[model.ID]*model.Job
	events  map[int64]model.Event
	last    int64
}

func (c *contents) clone() *contents {
	return &contents{maps.Clone(c.records), maps.Clone(c.jobs), maps.Clone(c.events), c.last}
}

// apply does to the maps what Commit must do, or says that it must fail.
func (c *contents) apply(batch *store.Batch) bool {
	for _, ref := range batch.Delete {
		delete(c.records, ref)
	}
	for _, id := range batch.ForgetJobs {
		delete(c.jobs, id)
	}
	for _, id := range batch.DeleteEvents {
		delete(c.events, id)
	}
	for _, record := range batch.Put {
		c.records[model.Ref{Kind: record.Kind, ID: record.ID}] = record
	}
	for _, job := range batch.Jobs {
		c.jobs[job.ID] = job
	}
	for _, event := range batch.Events {
		if _, twice := c.events[event.ID]; twice {
			return false
		}
		c.events[event.ID] = event
		c.last = max(c.last, event.ID)
	}
	return true
}

var (
	someID   = rapid.Map(rapid.IntRange(0, 9), func(i int) model.ID { return model.ID(fmt.Sprintf("id%d", i)) })
	someKind = rapid.SampledFrom([]model.Kind{model.KindVM, model.KindDisk})
	someTime = rapid.Map(rapid.IntRange(0, 1000), func(i int) time.Time { return time.Unix(int64(i), 0).UTC() })
	someRef  = rapid.Custom(func(t *rapid.T) model.Ref {
		return model.Ref{Kind: someKind.Draw(t, "kind"), ID: someID.Draw(t, "id")}
	})
	someRecord = rapid.Custom(func(t *rapid.T) store.Record {
		document, err := json.Marshal(rapid.String().Draw(t, "text"))
		if err != nil {
			t.Fatal(err)
		}
		ref := someRef.Draw(t, "ref")
		return store.Record{Kind: ref.Kind, ID: ref.ID, Name: rapid.StringMatching("[a-zü]{0,9}").Draw(t, "name"), Document: document}
	})
	someJob = rapid.Custom(func(t *rapid.T) *model.Job {
		job := &model.Job{
			ID: someID.Draw(t, "job"), Target: someRef.Draw(t, "target"), Monitored: rapid.Bool().Draw(t, "monitored"),
			Status:    rapid.SampledFrom([]model.JobStatus{model.JobStarted, model.JobFinished, model.JobFailed}).Draw(t, "status"),
			StartTime: someTime.Draw(t, "start"),
		}
		if job.Status != model.JobStarted {
			job.EndTime = someTime.Draw(t, "end")
		}
		return job
	})
)

// someBatch draws a batch whose events go on after last, except that now and
// then one has an id that exists.
func someBatch(t *rapid.T, last int64) *store.Batch {
	batch := &store.Batch{
		Put:          rapid.SliceOfN(someRecord, 0, 4).Draw(t, "put"),
		Delete:       rapid.SliceOfN(someRef, 0, 2).Draw(t, "delete"),
		Jobs:         rapid.SliceOfN(someJob, 0, 3).Draw(t, "jobs"),
		ForgetJobs:   rapid.SliceOfN(someID, 0, 1).Draw(t, "forget"),
		DeleteEvents: rapid.SliceOfN(rapid.Int64Range(1, last+1), 0, 1).Draw(t, "delete events"),
	}
	for range rapid.IntRange(0, 4).Draw(t, "events") {
		last += rapid.SampledFrom([]int64{1, 1, 1, 1, 700, 0}).Draw(t, "step")
		batch.Events = append(batch.Events, model.Event{
			ID: max(last, 1), Code: rapid.IntRange(0, 3).Draw(t, "code"), Time: someTime.Draw(t, "time"),
			VM: someID.Draw(t, "vm"), Severity: rapid.SampledFrom([]model.Severity{"normal", "error"}).Draw(t, "severity"),
		})
	}
	return batch
}

// TestRandom does random changes to an SQLite state and to maps, with random
// ends of the engine in between, and compares.
func TestRandom(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		url := "sqlite:" + t.TempDir() + "/vireo.db"
		open := func() store.Store {
			opened, err := sqlstore.Open(t.Context(), url, sqlstore.Options{})
			if err != nil {
				rt.Fatal(err)
			}
			return opened
		}
		opened := open()
		defer func() { _ = opened.Close() }()
		wanted := &contents{map[model.Ref]store.Record{}, map[model.ID]*model.Job{}, map[int64]model.Event{}, 0}
		rt.Repeat(map[string]func(*rapid.T){
			"commit": func(rt *rapid.T) {
				batch := someBatch(rt, wanted.last)
				after := wanted.clone()
				fits := after.apply(batch)
				if err := opened.Commit(t.Context(), batch); (err == nil) != fits {
					rt.Fatalf("committing gave %v, want success %v", err, fits)
				}
				if fits {
					wanted = after
				}
			},
			"prune":  func(rt *rapid.T) { pruneBoth(rt, opened, wanted) },
			"select": func(rt *rapid.T) { selectBoth(rt, opened, wanted) },
			"close and open": func(rt *rapid.T) {
				if err := opened.Close(); err != nil {
					rt.Fatal(err)
				}
				opened = open()
			},
			"kill and open": func(rt *rapid.T) {
				sqlstore.Kill(t, opened)
				opened = open()
			},
			"": func(rt *rapid.T) { compare(rt, opened, wanted) },
		})
	})
}

func pruneBoth(rt *rapid.T, opened store.Store, wanted *contents) {
	events, jobs := someTime.Draw(rt, "events before"), someTime.Draw(rt, "jobs before")
	before := len(wanted.events) + len(wanted.jobs)
	maps.DeleteFunc(wanted.events, func(_ int64, event model.Event) bool { return event.Time.Before(events) })
	maps.DeleteFunc(wanted.jobs, func(_ model.ID, job *model.Job) bool {
		return job.Status != model.JobStarted && job.EndTime.Before(jobs)
	})
	removed, err := opened.Prune(rt.Context(), events, jobs)
	if err != nil || removed != before-len(wanted.events)-len(wanted.jobs) {
		rt.Fatalf("pruning removed %d, %v; want %d", removed, err, before-len(wanted.events)-len(wanted.jobs))
	}
}

func selectBoth(rt *rapid.T, opened store.Store, wanted *contents) {
	query := store.EventQuery{
		VM: someID.Draw(rt, "vm"), Codes: rapid.SliceOfN(rapid.IntRange(0, 3), 0, 3).Draw(rt, "codes"),
		Since: someTime.Draw(rt, "since"), Until: someTime.Draw(rt, "until"),
	}
	if rapid.Bool().Draw(rt, "any VM") {
		query.VM = ""
	}
	var expected, found []int64
	for _, id := range slices.Backward(slices.Sorted(maps.Keys(wanted.events))) {
		event := wanted.events[id]
		if (query.VM == "" || event.VM == query.VM) && (len(query.Codes) == 0 || slices.Contains(query.Codes, event.Code)) &&
			!event.Time.Before(query.Since) && !event.Time.After(query.Until) {
			expected = append(expected, id)
		}
	}
	err := opened.Events(rt.Context(), query, func(event *model.Event) bool {
		found = append(found, event.ID)
		return true
	})
	if err != nil || !slices.Equal(found, expected) {
		rt.Fatalf("%+v gave %v, %v; want %v", query, found, err, expected)
	}
}

// compare reads everything.
func compare(rt *rapid.T, opened store.Store, wanted *contents) {
	found := &contents{map[model.Ref]store.Record{}, map[model.ID]*model.Job{}, map[int64]model.Event{}, 0}
	err := opened.Load(rt.Context(), func(record store.Record) error {
		found.records[model.Ref{Kind: record.Kind, ID: record.ID}] = record
		return nil
	})
	if err != nil {
		rt.Fatal(err)
	}
	err = opened.Events(rt.Context(), store.EventQuery{}, func(event *model.Event) bool {
		found.events[event.ID] = *event
		return true
	})
	if err != nil {
		rt.Fatal(err)
	}
	if found.last, err = opened.LastEvent(rt.Context()); err != nil {
		rt.Fatal(err)
	}
	for id := range wanted.jobs {
		if found.jobs[id], err = opened.Job(rt.Context(), id); err != nil {
			rt.Fatal(err)
		}
	}
	if !reflect.DeepEqual(found, wanted) {
		rt.Fatalf("kept: %+v\nwanted: %+v", found, wanted)
	}
	compareLists(rt, opened, wanted)
}

// compareLists reads the running and the monitored jobs.
func compareLists(rt *rapid.T, opened store.Store, wanted *contents) {
	var running, monitored []*model.Job
	for _, job := range wanted.jobs {
		if job.Status == model.JobStarted {
			running = append(running, job)
		}
		if job.Monitored {
			monitored = append(monitored, job)
		}
	}
	older := func(a, b *model.Job) int {
		if order := a.StartTime.Compare(b.StartTime); order != 0 {
			return order
		}
		return strings.Compare(string(a.ID), string(b.ID))
	}
	slices.SortFunc(running, older)
	slices.SortFunc(monitored, func(a, b *model.Job) int { return older(b, a) })
	foundRunning, err := opened.RunningJobs(rt.Context())
	if err != nil || !sameJobs(foundRunning, running) {
		rt.Fatalf("running jobs: %v, %v; want %v", foundRunning, err, running)
	}
	foundMonitored, err := opened.Jobs(rt.Context(), store.JobQuery{})
	if err != nil || !sameJobs(foundMonitored, monitored) {
		rt.Fatalf("monitored jobs: %v, %v; want %v", foundMonitored, err, monitored)
	}
}

func sameJobs(a, b []*model.Job) bool {
	return slices.EqualFunc(a, b, func(a, b *model.Job) bool { return reflect.DeepEqual(a, b) })
}
