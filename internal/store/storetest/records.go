package storetest

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"vireo/internal/model"
	"vireo/internal/store"
)

func putAndLoad(t *testing.T, state State) {
	opened := open(t, state)
	wantRecords(t, opened)
	records := []store.Record{
		record(model.KindVM, "a", "one"),
		record(model.KindDisk, "a", "the same id in another kind"),
		{Kind: model.KindOption, ID: "plain", Document: json.RawMessage(` { "spaces" : [1.50, 1e3], "z":1, "a":2 } `)},
	}
	commit(t, opened, &store.Batch{Put: records})
	wantRecords(t, opened, records...)
	opened = reopen(t, state, opened)
	wantRecords(t, opened, records...)

	stop := errors.New("enough")
	if err := opened.Load(t.Context(), func(store.Record) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("an error of the caller came back as %v", err)
	}
}

func replaceDocument(t *testing.T, state State) {
	opened := open(t, state)
	first, second := record(model.KindVM, "a", "first"), record(model.KindVM, "a", "second")
	second.Name, second.Status = "renamed", "down"
	other := record(model.KindVM, "b", "not touched")
	commit(t, opened, &store.Batch{Put: []store.Record{first, other}})
	commit(t, opened, &store.Batch{Put: []store.Record{second}})
	wantRecords(t, opened, second, other)
}

func deleteRecords(t *testing.T, state State) {
	opened := open(t, state)
	gone, again, stays := record(model.KindVM, "a", ""), record(model.KindVM, "b", "old"), record(model.KindDisk, "a", "")
	commit(t, opened, &store.Batch{Put: []store.Record{gone, again, stays}})
	again.Document = json.RawMessage(`"new"`)
	commit(t, opened, &store.Batch{
		Delete: []model.Ref{{Kind: model.KindVM, ID: "a"}, {Kind: model.KindVM, ID: "b"}, {Kind: model.KindVM, ID: "never was"}},
		Put:    []store.Record{again}, // what is deleted and put is there
	})
	opened = reopen(t, state, opened)
	wantRecords(t, opened, again, stays)
}

// failWhole puts a record that the store must refuse behind others that are good.
func failWhole(t *testing.T, state State) {
	opened := open(t, state)
	kept := record(model.KindVM, "kept", "as it is")
	commit(t, opened, &store.Batch{Put: []store.Record{kept}, Events: events(1, 1)})
	changed := record(model.KindVM, "kept", "changed")
	bad := map[string]*store.Batch{
		"an event id used twice": {Events: []model.Event{event(2), event(1)}},
		"an event without an id": {Events: []model.Event{event(2), event(0)}},
		"no JSON":                {Put: []store.Record{{Kind: model.KindVM, ID: "bad", Document: json.RawMessage(`{`)}}},
		"no document":            {Put: []store.Record{{Kind: model.KindVM, ID: "bad"}}},
		"no kind":                {Put: []store.Record{{ID: "bad", Document: json.RawMessage(`{}`)}}},
		"no id":                  {Put: []store.Record{{Kind: model.KindVM, Document: json.RawMessage(`{}`)}}},
		"an endless id":          {Put: []store.Record{record(model.KindVM, strings.Repeat("x", 5000), "")}},
		"a job that is not":      {Jobs: []*model.Job{nil}},
	}
	for what, batch := range bad {
		batch.Put = append([]store.Record{changed, record(model.KindVM, "new", "")}, batch.Put...)
		batch.Jobs = append([]*model.Job{job("new", 1)}, batch.Jobs...)
		batch.Delete = []model.Ref{{Kind: model.KindVM, ID: "kept"}}
		if err := opened.Commit(t.Context(), batch); err == nil || errors.Is(err, store.ErrFenced) {
			t.Errorf("%s: got the error %v", what, err)
		}
		wantRecords(t, opened, kept)
		want(t, what+": events", ids(t, opened, store.EventQuery{}), []int64{1})
		if found, err := opened.Job(t.Context(), "new"); found != nil || err != nil {
			t.Errorf("%s: a job was kept: %v, %v", what, found, err)
		}
	}
	last, err := opened.LastEvent(t.Context())
	if err != nil || last != 1 {
		t.Errorf("the last event is %d, %v; want 1", last, err)
	}
	// The store goes on.
	commit(t, opened, &store.Batch{Put: []store.Record{changed}, Events: events(2, 2)})
	wantRecords(t, opened, changed)
	if err := opened.Commit(t.Context(), &store.Batch{}); err != nil {
		t.Errorf("committing nothing: %v", err)
	}
}

// keepStrangeTexts writes what one database or another does not take as it is.
func keepStrangeTexts(t *testing.T, state State) {
	const strange = "NUL \x00, broken \xff\xfe, quote ', \\, ?, $1, \u2028, 🐧"
	opened := open(t, state)
	one := record(model.KindVM, "it's 100% $1 ? 🐧", "text")
	one.Name, one.Status = strange, strings.Repeat("ü", 5000)
	one.Document = json.RawMessage(`{"nul":"\u0000","lone":"\ud800","big":123456789012345678901234567890}`)
	happened := event(1)
	happened.CorrelationID, happened.Description, happened.VM = strange, strange, model.ID(strings.Repeat("x", 5000))
	worked := job("j", 1)
	worked.CorrelationID, worked.Description = strange, strange
	commit(t, opened, &store.Batch{Put: []store.Record{one}, Events: []model.Event{happened}, Jobs: []*model.Job{worked}})

	kept := load(t, opened)[model.Ref{Kind: one.Kind, ID: one.ID}]
	want(t, "document", string(kept.Document), string(one.Document))
	want(t, "by correlation id", ids(t, opened, store.EventQuery{CorrelationID: strange}), []int64{1})
	want(t, "by VM", ids(t, opened, store.EventQuery{VM: happened.VM}), []int64{1})
	jobs, err := opened.Jobs(t.Context(), store.JobQuery{CorrelationID: strange})
	if err != nil || len(jobs) != 1 {
		t.Errorf("jobs by a strange correlation id: %v, %v", jobs, err)
	}
}

func outliveKill(t *testing.T, state State) {
	opened := open(t, state)
	kept := record(model.KindVM, "a", "kept")
	commit(t, opened, &store.Batch{Put: []store.Record{kept}, Events: events(1, 3), Jobs: []*model.Job{job("j", 1)}})
	state.Kill(t, opened)
	opened = open(t, state)
	wantRecords(t, opened, kept)
	want(t, "events", ids(t, opened, store.EventQuery{}), []int64{3, 2, 1})
	running, err := opened.RunningJobs(t.Context())
	if err != nil || len(running) != 1 {
		t.Errorf("running jobs: %v, %v", running, err)
	}
}

// job makes a monitored job that was started so many minutes after the epoch.
func job(id string, minute int) *model.Job {
	start := epoch.Add(time.Duration(minute) * time.Minute)
	return &model.Job{
		ID: model.ID(id), Action: "vm.start", Description: "job " + id, Monitored: true, Status: model.JobStarted,
		Target: model.Ref{Kind: model.KindVM, ID: "vm"}, StartTime: start, LastUpdated: start,
	}
}
