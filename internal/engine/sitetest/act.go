package sitetest

import (
	"context"
	"fmt"
	"time"

	"vireo/internal/engine"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/store"
)

// Act runs a command and waits for its end, as a client that asks to wait.
func (s *Site) Act(call *engine.Call) (*engine.Result, error) {
	return s.Engine.Act(context.Background(), call)
}

// Do is Act for commands on a VM that must succeed, and end.
func (s *Site) Do(name string, vm model.ID, params any) *engine.Result {
	s.t.Helper()
	result, err := s.Act(&engine.Call{On: model.KindVM, Name: name, Target: vm, Params: params, Async: new(false)})
	if err != nil {
		s.t.Fatalf("%s of VM %s: %v", name, vm, err)
	}
	if result.Pending {
		s.t.Fatalf("%s of VM %s did not end in time", name, vm)
	}
	return result
}

// Begin accepts a command, which must not be refused, and does not wait.
func (s *Site) Begin(call *engine.Call) *engine.Result {
	s.t.Helper()
	call.Async = new(true)
	result, err := s.Act(call)
	if err != nil {
		s.t.Fatalf("%s of %s was refused: %v", call.Name, call.Target, err)
	}
	return result
}

// Add makes a VM that needs no disk.
func (s *Site) Add(name string, edits ...func(*model.VM)) model.ID {
	s.t.Helper()
	result, err := s.Act(&engine.Call{On: model.KindVM, Name: "add", Params: engine.Edit[model.VM](func(vm *model.VM) error {
		vm.Name, vm.Template, vm.Cluster = name, model.BlankID, Cluster
		for _, edit := range edits {
			edit(vm)
		}
		return nil
	})})
	if err != nil {
		s.t.Fatalf("adding VM %s: %v", name, err)
	}
	return result.Object.Ref().ID
}

// VM is a VM as it is now.
func (s *Site) VM(id model.ID) *model.VM {
	s.t.Helper()
	vm, ok := s.Inventory.VMs.Get(id)
	if !ok {
		s.t.Fatalf("there is no VM %s", id)
	}
	return vm
}

// Status is the status of a VM; empty when there is none.
func (s *Site) Status(id model.ID) model.Status {
	if vm, ok := s.Inventory.VMs.Get(id); ok {
		return vm.Run.Status
	}
	return ""
}

// Edit changes the data behind the engine's back.
func (s *Site) Edit(change func(*inventory.Tx)) {
	s.t.Helper()
	err := s.Inventory.Update(context.Background(), func(tx *inventory.Tx) error {
		change(tx)
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// The pauses between two looks at a condition: they grow.
const (
	firstPause = 10 * time.Millisecond
	lastPause  = time.Minute
)

// Until returns when the condition holds; the test fails if it does not within
// the time.
func (s *Site) Until(within time.Duration, what string, holds func() bool) {
	s.t.Helper()
	if !s.Comes(within, holds) {
		s.t.Fatalf("it did not come about within %v that %s%s", within, what, s.Picture())
	}
}

// Comes says whether the condition comes to hold within the time.
func (s *Site) Comes(within time.Duration, holds func() bool) bool {
	deadline := time.Now().Add(within)
	for pause := firstPause; !holds(); pause = min(pause*6/5, lastPause) {
		if time.Now().After(deadline) {
			return false
		}
		changed := s.Inventory.Changed()
		timer := time.NewTimer(pause)
		select {
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
	return true
}

// UntilStatus waits for a VM to have one of the statuses.
func (s *Site) UntilStatus(id model.ID, within time.Duration, statuses ...model.Status) {
	s.t.Helper()
	s.Until(within, fmt.Sprintf("the VM is %v; it is %s", statuses, s.Status(id)), func() bool {
		for _, status := range statuses {
			if s.Status(id) == status {
				return true
			}
		}
		return false
	})
}

// Pass lets time go by.
func (s *Site) Pass(period time.Duration) { time.Sleep(period) }

// Events gives the codes of a VM's events since the one of that id, oldest first.
func (s *Site) Events(vm model.ID, after int64) []int {
	s.t.Helper()
	var codes []int
	query := store.EventQuery{After: after, VM: vm, Ascending: true}
	err := s.Store.Events(context.Background(), query, func(event *model.Event) bool {
		codes = append(codes, event.Code)
		return true
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return codes
}

// LastEvent is the id of the newest event.
func (s *Site) LastEvent() int64 {
	s.t.Helper()
	id, err := s.Store.LastEvent(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}
