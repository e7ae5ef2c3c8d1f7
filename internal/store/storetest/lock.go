package storetest

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"vireo/internal/model"
	"vireo/internal/store"
)

func refuseSecond(t *testing.T, state State) {
	first := open(t, state)
	second, err := state.Open(t.Context())
	held, ok := errors.AsType[*store.HeldError](err)
	if !ok {
		t.Fatalf("opening twice gave %v, %v", second, err)
	}
	name, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{fmt.Sprintf("process %d ", os.Getpid()), name} {
		if !strings.Contains(held.Holder, part) {
			t.Errorf("the holder %q does not name %q", held.Holder, part)
		}
	}
	kept := record(model.KindVM, "a", "the first goes on")
	commit(t, first, &store.Batch{Put: []store.Record{kept}})
	wantRecords(t, reopen(t, state, first), kept)
}

func fence(t *testing.T, state State) {
	first := open(t, state)
	kept := record(model.KindVM, "a", "kept")
	commit(t, first, &store.Batch{Put: []store.Record{kept}})
	select {
	case <-first.Fenced():
		t.Fatal("a store that is well says that it is fenced")
	default:
	}
	state.LoseLock(t)
	lost := &store.Batch{Put: []store.Record{record(model.KindVM, "a", "lost")}, Events: events(1, 1)}
	for range 2 {
		if err := first.Commit(t.Context(), lost); !errors.Is(err, store.ErrFenced) {
			t.Errorf("committing without the lock gave %v", err)
		}
	}
	waitFenced(t, first)
	if _, err := first.Prune(t.Context(), epoch, epoch); err != nil && !errors.Is(err, store.ErrFenced) {
		t.Errorf("pruning without the lock gave %v", err)
	}
	second := open(t, state)
	wantRecords(t, second, kept)
	if err := first.Commit(t.Context(), lost); !errors.Is(err, store.ErrFenced) {
		t.Errorf("committing beside another engine gave %v", err)
	}
	// Closing the one that was fenced does not free what the other holds.
	_ = first.Close()
	if _, err := state.Open(t.Context()); err == nil {
		t.Error("a third engine was let in")
	}
	commit(t, second, &store.Batch{Events: events(1, 1)})
}

func waitFenced(t *testing.T, opened store.Store) {
	t.Helper()
	select {
	case <-opened.Fenced():
	case <-time.After(patience):
		t.Fatal("nobody said that the store is fenced")
	}
}

func closeFences(t *testing.T, state State) {
	opened := open(t, state)
	if err := opened.Close(); err != nil {
		t.Fatal(err)
	}
	waitFenced(t, opened)
	if err := opened.Commit(t.Context(), &store.Batch{Events: events(1, 1)}); !errors.Is(err, store.ErrFenced) {
		t.Errorf("committing to a closed store gave %v", err)
	}
	if err := opened.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
	want(t, "events", ids(t, open(t, state), store.EventQuery{}), nil)
}

func refuseNewer(t *testing.T, state State) {
	kept := record(model.KindVM, "a", "kept")
	opened := open(t, state)
	commit(t, opened, &store.Batch{Put: []store.Record{kept}})
	if err := opened.Close(); err != nil {
		t.Fatal(err)
	}
	state.MakeNewer(t)
	for range 2 { // the first refusal leaves no lock behind
		_, err := state.Open(t.Context())
		if !errors.Is(err, store.ErrNewerSchema) {
			t.Fatalf("opening a newer state gave %v", err)
		}
		if !strings.Contains(err.Error(), "1000000") {
			t.Errorf("%q does not say which version it found", err)
		}
	}
}

// readDuringCommits has batches that each give two records the same text.
func readDuringCommits(t *testing.T, state State) {
	opened := open(t, state)
	pair := func(i int) *store.Batch {
		text := fmt.Sprint(i)
		return &store.Batch{
			Put:    []store.Record{record(model.KindVM, "left", text), record(model.KindVM, "right", text)},
			Events: []model.Event{event(int64(2*i + 1)), event(int64(2*i + 2))},
		}
	}
	commit(t, opened, pair(0))
	const batches, readers = 100, 4
	done := make(chan struct{})
	var reading sync.WaitGroup
	for range readers {
		reading.Go(func() {
			for {
				kept := load(t, opened)
				left, right := kept[model.Ref{Kind: model.KindVM, ID: "left"}], kept[model.Ref{Kind: model.KindVM, ID: "right"}]
				if string(left.Document) != string(right.Document) {
					t.Errorf("half a batch was read: %s and %s", left.Document, right.Document)
				}
				if newest := ids(t, opened, store.EventQuery{Limit: 1}); newest[0]%2 != 0 {
					t.Errorf("the newest event is %d, the first of a batch of two", newest[0])
				}
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for i := 1; i <= batches; i++ {
		if err := opened.Commit(t.Context(), pair(i)); err != nil {
			t.Errorf("committing: %v", err)
		}
	}
	close(done)
	reading.Wait()
	want(t, "events", len(ids(t, opened, store.EventQuery{})), 2*batches+2)
}
