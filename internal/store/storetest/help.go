package storetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"vireo/internal/model"
	"vireo/internal/store"
)

// patience is how long a test waits for something that must come.
const patience = time.Minute

// epoch is the time at which the tests' events begin.
var epoch = time.Date(2024, 5, 6, 7, 8, 9, 123456000, time.UTC)

// open opens the state and closes it at the end of the test, if the test has not.
func open(t *testing.T, state State) store.Store {
	t.Helper()
	opened, err := state.Open(t.Context())
	if err != nil {
		t.Fatalf("opening: %v", err)
	}
	t.Cleanup(func() { _ = opened.Close() })
	return opened
}

// reopen closes the store and opens its state again.
func reopen(t *testing.T, state State, opened store.Store) store.Store {
	t.Helper()
	if err := opened.Close(); err != nil {
		t.Fatalf("closing: %v", err)
	}
	return open(t, state)
}

func commit(t *testing.T, opened store.Store, batch *store.Batch) {
	t.Helper()
	if err := opened.Commit(t.Context(), batch); err != nil {
		t.Fatalf("committing: %v", err)
	}
}

// record makes a record of a kind with a document that holds text.
func record(kind model.Kind, id, text string) store.Record {
	document, err := json.Marshal(map[string]string{"text": text})
	if err != nil {
		panic(err)
	}
	return store.Record{Kind: kind, ID: model.ID(id), Name: "name of " + id, Status: "up", Document: document}
}

// load gives all records by what they are.
func load(t *testing.T, opened store.Store) map[model.Ref]store.Record {
	t.Helper()
	out := map[model.Ref]store.Record{}
	err := opened.Load(t.Context(), func(one store.Record) error {
		ref := model.Ref{Kind: one.Kind, ID: one.ID}
		if _, twice := out[ref]; twice {
			t.Errorf("%s was loaded twice", ref)
		}
		out[ref] = one
		return nil
	})
	if err != nil {
		t.Fatalf("loading: %v", err)
	}
	return out
}

// wantRecords checks that exactly these records are kept.
func wantRecords(t *testing.T, opened store.Store, want ...store.Record) {
	t.Helper()
	got := load(t, opened)
	if len(got) != len(want) {
		t.Errorf("%d records are kept, want %d: %v", len(got), len(want), slices.Collect(maps.Keys(got)))
	}
	for _, one := range want {
		ref := model.Ref{Kind: one.Kind, ID: one.ID}
		kept, ok := got[ref]
		switch {
		case !ok:
			t.Errorf("%s is missing", ref)
		case kept.Name != one.Name || kept.Status != one.Status:
			t.Errorf("%s has name %q and status %q, want %q and %q", ref, kept.Name, kept.Status, one.Name, one.Status)
		case !bytes.Equal(kept.Document, one.Document):
			t.Errorf("%s has the document %s, want %s", ref, kept.Document, one.Document)
		}
	}
}

// event makes an event that happened so many seconds after the epoch as its id.
func event(id int64) model.Event {
	return model.Event{
		ID: id, Code: 1, Severity: model.SeverityNormal, Time: epoch.Add(time.Duration(id) * time.Second),
		Description: fmt.Sprintf("event %d", id), Origin: "vireo",
	}
}

// events makes the events with ids from first to last.
func events(first, last int64) []model.Event {
	var out []model.Event
	for id := first; id <= last; id++ {
		out = append(out, event(id))
	}
	return out
}

// ids gives the ids of the events selected, in the order in which they come.
func ids(t *testing.T, opened store.Store, query store.EventQuery) []int64 {
	t.Helper()
	var out []int64
	err := opened.Events(t.Context(), query, func(one *model.Event) bool {
		out = append(out, one.ID)
		return true
	})
	if err != nil {
		t.Fatalf("reading events %+v: %v", query, err)
	}
	return out
}

// want compares and shows both.
func want[T any](t *testing.T, what string, got, wanted T) {
	t.Helper()
	if !reflect.DeepEqual(got, wanted) {
		t.Errorf("%s: got %v, want %v", what, got, wanted)
	}
}
