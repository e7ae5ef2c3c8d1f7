package storetest

import (
	"context"
	"testing"

	"vireo/internal/store"
)

// State is one state of an engine, empty at first, which can be opened again
// and again.
type State interface {
	// Open opens the state as an engine does.
	Open(ctx context.Context) (store.Store, error)
	// Kill drops a store as the end of its process would: nothing is closed in
	// order, and only what the operating system ends is ended.
	Kill(t testing.TB, opened store.Store)
	// LoseLock takes the lock away from under the store that is open.
	LoseLock(t testing.TB)
	// MakeNewer changes the state, which is not open, as a newer Vireo would.
	MakeNewer(t testing.TB)
	// Restored gives states that a backup was restored into: one of each
	// dialect there is, by the name of the dialect.
	Restored(t testing.TB, backup string) map[string]State
}

// promises are the tests by name; each gets a state of its own.
var promises = []struct {
	name string
	test func(*testing.T, State)
}{
	{"what is put is loaded, as it was, also after opening again", putAndLoad},
	{"a document is replaced", replaceDocument},
	{"what is deleted is gone", deleteRecords},
	{"of a batch that fails nothing stays", failWhole},
	{"strange texts are kept", keepStrangeTexts},
	{"what was committed outlives a kill", outliveKill},
	{"jobs run until they have ended", runJobs},
	{"a job is found by its id", findJob},
	{"jobs are selected and paged", selectJobs},
	{"events come in order", orderEvents},
	{"events are filtered", filterEvents},
	{"events of a period are found although clocks step back", filterPeriods},
	{"events are paged", pageEvents},
	{"reading events ends when asked to", stopEvents},
	{"the id of the last event outlives the event", rememberLastEvent},
	{"old events and jobs are removed, others stay", prune},
	{"readers see whole batches during commits", readDuringCommits},
	{"a second engine is refused and told of the first", refuseSecond},
	{"an engine that has lost its lock never writes again", fence},
	{"a closed store is fenced", closeFences},
	{"a newer schema is refused", refuseNewer},
	{"a backup made while writing is consistent and can be restored", backUpAndRestore},
	{"many events are read in little memory, and the newest are found at once", readMany},
}

// Run tests every promise, each on a state that fresh makes.
func Run(t *testing.T, fresh func(*testing.T) State) {
	for _, promise := range promises {
		t.Run(promise.name, func(t *testing.T) { promise.test(t, fresh(t)) })
	}
}
