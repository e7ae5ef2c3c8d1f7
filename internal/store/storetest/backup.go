package storetest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"vireo/internal/model"
	"vireo/internal/store"
)

// backUpAndRestore writes all the time while backups are made. Every batch
// leaves as many events as the one record says.
func backUpAndRestore(t *testing.T, state State) {
	opened := open(t, state)
	gone := events(1, 10)
	commit(t, opened, &store.Batch{Events: gone, Jobs: []*model.Job{job("j", 1)}})
	const first = 11
	written := make(chan struct{})
	stop := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		for i := int64(first); ; i++ {
			counted := record(model.KindVM, "counter", fmt.Sprint(i))
			if err := opened.Commit(t.Context(), &store.Batch{Put: []store.Record{counted}, Events: events(i, i)}); err != nil {
				t.Errorf("committing: %v", err)
				return
			}
			select {
			case <-stop:
				return
			case written <- struct{}{}:
			default:
			}
		}
	})
	folder := t.TempDir()
	var backups []string
	for i := range 3 {
		<-written
		path := filepath.Join(folder, fmt.Sprintf("backup %d %%?#.db", i))
		if err := opened.Backup(t.Context(), path); err != nil {
			t.Fatalf("backing up: %v", err)
		}
		backups = append(backups, path)
	}
	close(stop)
	writing.Wait()

	checkFolder(t, folder, backups)
	if err := opened.Backup(t.Context(), backups[0]); !errors.Is(err, os.ErrExist) {
		t.Errorf("backing up over a backup gave %v", err)
	}
	for _, backup := range backups[1:] {
		for dialect, restored := range state.Restored(t, backup) {
			t.Run(dialect, func(t *testing.T) { checkRestored(t, open(t, restored), first) })
		}
	}
}

// checkFolder wants the backups there, private, and nothing else.
func checkFolder(t *testing.T, folder string, backups []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "files", len(entries), len(backups))
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		want(t, "mode of "+entry.Name(), info.Mode(), 0o600)
	}
}

func checkRestored(t *testing.T, opened store.Store, first int64) {
	last, err := opened.LastEvent(t.Context())
	if err != nil || last < first {
		t.Fatalf("the last event restored is %d, %v; want at least %d", last, err, first)
	}
	wantRecords(t, opened, record(model.KindVM, "counter", fmt.Sprint(last)))
	want(t, "events", int64(len(ids(t, opened, store.EventQuery{}))), last)
	want(t, "events by time", ids(t, opened, store.EventQuery{Since: event(last).Time}), []int64{last})
	running, err := opened.RunningJobs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want(t, "running jobs", running, []*model.Job{job("j", 1)})
	// It can be gone on with.
	commit(t, opened, &store.Batch{Events: events(last+1, last+1), Jobs: []*model.Job{end(job("j", 1), model.JobFinished, epoch)}})
}
