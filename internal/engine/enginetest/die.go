package enginetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"vireo/internal/engine"
	"vireo/internal/job"
	"vireo/internal/model"
)

// Scenario is a command whose job is to survive the death of the engine.
type Scenario struct {
	// Prepare makes a bench ready and gives the call.
	Prepare func(b *Bench) *engine.Call
	// Check looks at what became of it; ended is the job.
	Check func(b *Bench, call *engine.Call, ended *model.Job)
	// Database gives the URL of an empty database for each bench; nil is SQLite.
	Database func(t testing.TB) string
}

// On is the scenario on another database.
func (s Scenario) On(database func(t testing.TB) string) Scenario {
	s.Database = database
	return s
}

func (s Scenario) bench(t *testing.T) *Bench {
	t.Helper()
	if s.Database == nil {
		return New(t, nil)
	}
	return newBench(t, nil, s.Database(t))
}

// DieEverywhere runs a scenario once, and then again for each point of its job
// with an engine that dies there: another engine takes it up, and the end must
// be the same.
func DieEverywhere(t *testing.T, scenario Scenario) {
	t.Helper()
	var mu sync.Mutex
	var points []job.Point
	t.Run("alive", func(t *testing.T) {
		b := scenario.bench(t)
		call := scenario.Prepare(b)
		record := func(point job.Point) bool {
			if point.Job.Action == string(call.On)+"."+call.Name {
				mu.Lock()
				defer mu.Unlock()
				points = append(points, point)
			}
			return false
		}
		b.died.Store(&record)
		begun := b.Begin(call)
		if begun.Job == nil {
			t.Fatal("the command made no job")
		}
		scenario.Check(b, call, b.Wait(begun.Job.ID))
	})
	if len(points) == 0 {
		t.Fatal("the job had no points to die at")
	}
	for _, point := range points {
		t.Run(describe(point), func(t *testing.T) {
			b := scenario.bench(t)
			call := scenario.Prepare(b)
			id := b.dieAt(call, point)
			b.Restart()
			scenario.Check(b, call, b.Wait(id))
		})
	}
}

func describe(point job.Point) string {
	doing, when := "do", "begun"
	if point.Undo {
		doing = "undo"
	}
	if point.Worked {
		when = "done"
	}
	return fmt.Sprintf("dies with %s %s %s", doing, point.Step, when)
}

// dieAt begins a command and returns when its job has been abandoned at a point.
func (b *Bench) dieAt(call *engine.Call, at job.Point) model.ID {
	b.Helper()
	dead := make(chan struct{})
	strike := sync.OnceFunc(func() { close(dead) })
	die := func(point job.Point) bool {
		if point.Job.Action != at.Job.Action || point.Step != at.Step || point.Undo != at.Undo || point.Worked != at.Worked {
			return false
		}
		strike()
		return true
	}
	b.died.Store(&die)
	begun := b.Begin(call)
	select {
	case <-dead:
	case <-time.After(Patience):
		b.Fatalf("the job did not come to where it %s", describe(at))
	}
	return begun.Job.ID
}
