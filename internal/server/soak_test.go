package server_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"testing"
	"time"

	"vireo/internal/audit"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/store"
)

// TestMemoryStaysFlat: events come by the thousand, each with a change of a VM
// and now and then an ended job, old ones are removed, and neither memory nor the
// database grows. VIREO_SOAK=1 takes a million events.
func TestMemoryStaysFlat(t *testing.T) {
	const together, kept = 25, 4000
	total := 50_000
	if os.Getenv("VIREO_SOAK") != "" {
		total = 1_000_000
	}
	s := newSite(t)
	s.start()
	vm := model.ID(s.addVM("busy"))
	var heap, file int64
	start := time.Now().UTC().Add(-time.Hour)
	at := func(number int) time.Time { return start.Add(time.Duration(number) * time.Millisecond) }
	for number := 0; number < total; number += together {
		s.happen(vm, number, together, at)
		if number%1000 == 0 && number > kept {
			if err := s.pruneBefore(at(number - kept)); err != nil {
				t.Fatal(err)
			}
		}
		// What it takes when as many events as ever are kept.
		if number == total/5 {
			heap, file = heapInUse(), s.databaseSize()
		}
	}
	// A leak of 100 bytes per event would be 4 MB.
	if grown := heapInUse() - heap; grown > 3<<20 {
		t.Errorf("memory has grown by %d bytes over %d events", grown, total*4/5)
	}
	if grown := s.databaseSize() - file; grown > file/2 {
		t.Errorf("the database has grown from %d bytes by %d", file, grown)
	}
	left := 0
	err := s.engine.Store.Events(context.Background(), store.EventQuery{VM: vm}, func(*model.Event) bool {
		left++
		return true
	})
	if err != nil || left < kept || left > kept+2000 {
		t.Errorf("%d events are left: %v", left, err)
	}
}

// happen lets some events come to pass in one transaction, with a job that has
// ended.
func (s *site) happen(vm model.ID, number, count int, at func(int) time.Time) {
	s.Helper()
	err := s.engine.Inventory.Update(context.Background(), func(tx *inventory.Tx) error {
		edited, _ := tx.VMs.Edit(vm)
		edited.Description = fmt.Sprintf("changed %d times", number)
		for i := range count {
			event := audit.New(audit.Paused, audit.About{VM: edited, CorrelationID: fmt.Sprint(number + i)})
			event.Time = at(number + i)
			tx.Event(event)
		}
		tx.PutJob(&model.Job{
			ID: model.NewID(), Action: "vm.update", Monitored: true, Status: model.JobFinished,
			StartTime: at(number), EndTime: at(number), LastUpdated: at(number),
		})
		return nil
	})
	if err != nil {
		s.Fatal(err)
	}
}

func (s *site) pruneBefore(old time.Time) error {
	for {
		removed, err := s.engine.Store.Prune(context.Background(), old, old)
		if err != nil || removed == 0 {
			return err
		}
	}
}

// heapInUse is what lives in memory.
func heapInUse() int64 {
	runtime.GC()
	runtime.GC() // what the first has finalized
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

func (s *site) databaseSize() int64 {
	s.Helper()
	info, err := os.Stat(s.path("vireo.db"))
	if err != nil {
		s.Fatal(err)
	}
	return info.Size()
}
