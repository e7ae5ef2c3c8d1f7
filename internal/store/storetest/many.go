package storetest

import (
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"vireo/internal/model"
	"vireo/internal/store"
)

const (
	manyCount = 200_000
	// textSize is how long the description of each of many events is, in bytes.
	textSize = 200
	// rare is the place of the one event of many that has a rare attribute:
	// long ago, so that whoever looks for it from the newest reads most.
	rare = manyCount / 10
)

// readMany measures against the whole: the memory that reading takes, and the
// time that finding a few takes.
func readMany(t *testing.T, state State) {
	opened := open(t, state)
	fill(t, opened)

	runtime.GC()
	start, highest := heap(), uint64(0)
	begun := time.Now()
	var count, size int
	err := opened.Events(t.Context(), store.EventQuery{}, func(one *model.Event) bool {
		count++
		size += len(one.Description)
		if count%20_000 == 0 {
			runtime.GC()
			highest = max(highest, heap())
		}
		return true
	})
	whole := time.Since(begun)
	if err != nil || count != manyCount {
		t.Fatalf("read %d events: %v", count, err)
	}
	if grown := int64(highest) - int64(start); grown > int64(size/10) {
		t.Errorf("reading %d bytes of events took %d bytes of memory", size, grown)
	}
	checkQuick(t, opened, whole)
}

// checkQuick asks for a few events in every way, each of which must take a small
// part of the time in which all of them are read.
func checkQuick(t *testing.T, opened store.Store, whole time.Duration) {
	t.Helper()
	at := epoch.Add(rare * time.Second)
	for name, query := range map[string]store.EventQuery{
		"newest":           {},
		"oldest":           {Ascending: true},
		"before":           {Before: rare},
		"VM":               {VM: "rare"},
		"host":             {Host: "rare"},
		"user":             {User: "rare"},
		"correlation id":   {CorrelationID: "rare"},
		"code":             {Codes: []int{99, 1999, 2999}},
		"severity":         {Severities: []model.Severity{model.SeverityAlert, model.SeverityError}},
		"VM of all":        {VM: "rare", Host: "everywhere", User: "everybody"},
		"VM and codes":     {VM: "rare", Codes: []int{1, 99}, Severities: []model.Severity{model.SeverityNormal, model.SeverityAlert}},
		"long ago":         {Until: epoch.Add(1000 * time.Second)},
		"a period":         {Since: at, Until: at.Add(time.Second)},
		"after the newest": {Since: epoch.Add(2 * manyCount * time.Second)},
	} {
		query.Limit = 100
		// The quickest of five, since others use the machine too.
		quickest := time.Duration(1<<63 - 1)
		for range 5 {
			begun := time.Now()
			ids(t, opened, query)
			quickest = min(quickest, time.Since(begun))
		}
		if quickest > whole/50 {
			t.Errorf("%s: a hundred events took %v, all %d of them %v", name, quickest, manyCount, whole)
		}
	}
}

func fill(t *testing.T, opened store.Store) {
	t.Helper()
	for part := range slices.Chunk(events(1, manyCount), 5000) {
		for i := range part {
			part[i].Description = strings.Repeat("x", textSize)
			part[i].Host, part[i].User = "everywhere", "everybody"
			if part[i].ID == rare {
				part[i].VM, part[i].CorrelationID = "rare", "rare"
				part[i].Code, part[i].Severity = 99, model.SeverityAlert
			}
			if part[i].ID == rare+1 {
				part[i].Host, part[i].User = "rare", "rare"
			}
		}
		commit(t, opened, &store.Batch{Events: part})
	}
}

// heap is how many bytes are in use.
func heap() uint64 {
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
