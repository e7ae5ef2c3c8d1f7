package sqlstore_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"vireo/internal/model"
	"vireo/internal/store"
	"vireo/internal/store/storetest"
)

func benchEach(b *testing.B, bench func(*testing.B, store.Store)) {
	for name, fresh := range map[string]func(testing.TB) storetest.State{
		"SQLite":     func(t testing.TB) storetest.State { return freshSQLite(t) },
		"PostgreSQL": func(t testing.TB) storetest.State { return freshPostgres(t) },
	} {
		b.Run(name, func(b *testing.B) { bench(b, mustOpen(b, fresh(b))) })
	}
}

// document is as long as that of a usual VM, about 3 KB.
func document(text string) json.RawMessage {
	out, err := json.Marshal(map[string]string{"text": text, "rest": strings.Repeat("x", 3000)})
	if err != nil {
		panic(err)
	}
	return out
}

// BenchmarkCommit writes what a step of an action writes: a VM, a job and an event.
func BenchmarkCommit(b *testing.B) {
	benchEach(b, func(b *testing.B, opened store.Store) {
		job := &model.Job{ID: "job", Status: model.JobStarted, Monitored: true, StartTime: time.Now()}
		vm := store.Record{Kind: model.KindVM, ID: "vm", Name: "vm", Document: document("vm")}
		for id := int64(1); b.Loop(); id++ {
			event := model.Event{ID: id, Time: time.Now(), VM: "vm", Severity: model.SeverityNormal}
			err := opened.Commit(b.Context(), &store.Batch{Put: []store.Record{vm}, Jobs: []*model.Job{job}, Events: []model.Event{event}})
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkSync is what BenchmarkCommit is to be compared with: a write of the
// same size and an fsync.
func BenchmarkSync(b *testing.B) {
	file, err := os.CreateTemp(b.TempDir(), "")
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	content := make([]byte, 8*4096)
	for b.Loop() {
		if _, err := file.Write(content); err != nil {
			b.Fatal(err)
		}
		if err := file.Sync(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLoad reads the objects of an engine with 10,000 VMs.
func BenchmarkLoad(b *testing.B) {
	benchEach(b, func(b *testing.B, opened store.Store) {
		const vms = 10_000
		batch := &store.Batch{}
		for i := range vms {
			id := fmt.Sprintf("vm%d", i)
			batch.Put = append(batch.Put, store.Record{Kind: model.KindVM, ID: model.ID(id), Name: id, Document: document(id)})
		}
		if err := opened.Commit(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if records := count(b, opened); records != vms {
				b.Fatalf("%d records were loaded", records)
			}
		}
	})
}

// BenchmarkNewestEvents reads the newest hundred of 1,000,000 events: of all,
// of one VM of a thousand, and of a severity that one in 100,000 has.
func BenchmarkNewestEvents(b *testing.B) {
	benchEach(b, func(b *testing.B, opened store.Store) {
		fillMillion(b, opened)
		for name, query := range map[string]store.EventQuery{
			"all":      {},
			"VM":       {VM: "vm7"},
			"severity": {Severities: []model.Severity{model.SeverityAlert}},
			"period":   {Until: time.Unix(500_000, 0)},
		} {
			query.Limit = 100
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					found := 0
					err := opened.Events(b.Context(), query, func(*model.Event) bool { found++; return true })
					if err != nil || found < 10 {
						b.Fatalf("%d events were found: %v", found, err)
					}
				}
			})
		}
	})
}

func fillMillion(b *testing.B, opened store.Store) {
	b.Helper()
	part := make([]model.Event, 5000)
	for id := int64(1); id <= 1_000_000; {
		for i := range part {
			part[i] = model.Event{
				ID: id, Code: int(id % 100), Severity: model.SeverityNormal, Time: time.Unix(id, 0),
				Description: "something has happened to a VM", VM: model.ID(fmt.Sprintf("vm%d", id%1000)),
			}
			if id%100_000 == 0 {
				part[i].Severity = model.SeverityAlert
			}
			id++
		}
		if err := opened.Commit(b.Context(), &store.Batch{Events: slices.Clone(part)}); err != nil {
			b.Fatal(err)
		}
	}
}
