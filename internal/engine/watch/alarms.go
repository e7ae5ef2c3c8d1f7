package watch

import (
	"sync"
	"time"

	"vireo/internal/lifecycle"
	"vireo/internal/model"
	"vireo/internal/option"
)

// alarms ring when a status has lasted for too long: one timer for each limit
// of the status that a VM is in.
type alarms struct {
	values *option.Values
	ring   func(alarm)

	mu      sync.Mutex
	pending map[model.ID]*armed
	running sync.WaitGroup
	closed  bool
}

// alarm is a limit of one VM that has passed.
type alarm struct {
	vm    model.ID
	since time.Time
	limit lifecycle.Limit
}

type armed struct {
	status model.Status
	since  time.Time
	timers []*time.Timer
}

func newAlarms(values *option.Values, ring func(alarm)) *alarms {
	return &alarms{values: values, ring: ring, pending: make(map[model.ID]*armed)}
}

// follow arms and disarms as VMs change.
func (a *alarms) follow(ref model.Ref, object model.Object) {
	if ref.Kind != model.KindVM {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	vm, exists := object.(*model.VM)
	old := a.pending[ref.ID]
	if old != nil && exists && old.status == vm.Run.Status && old.since.Equal(vm.Run.Since) {
		return
	}
	if old != nil {
		old.disarm()
		delete(a.pending, ref.ID)
	}
	if !exists || a.closed {
		return
	}
	a.arm(vm)
}

func (a *alarms) arm(vm *model.VM) {
	fresh := &armed{status: vm.Run.Status, since: vm.Run.Since}
	for _, limit := range lifecycle.Limits {
		if limit.Status != vm.Run.Status {
			continue
		}
		rung := alarm{vm: vm.ID, since: vm.Run.Since, limit: limit}
		left := time.Until(vm.Run.Since.Add(a.values.Duration(limit.Option)))
		fresh.timers = append(fresh.timers, time.AfterFunc(left, func() { a.rang(rung) }))
	}
	if len(fresh.timers) > 0 {
		a.pending[vm.ID] = fresh
	}
}

func (a *alarms) rang(rung alarm) {
	a.mu.Lock()
	if a.closed {
		a.mu.Unlock()
		return
	}
	a.running.Add(1)
	a.mu.Unlock()
	defer a.running.Done()
	a.ring(rung)
}

func (a *armed) disarm() {
	for _, timer := range a.timers {
		timer.Stop()
	}
}

func (a *alarms) close() {
	a.mu.Lock()
	a.closed = true
	for _, pending := range a.pending {
		pending.disarm()
	}
	a.mu.Unlock()
	a.running.Wait()
}
