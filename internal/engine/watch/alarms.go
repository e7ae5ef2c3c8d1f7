package watch

import (
	"maps"
	"slices"
	"sync"
	"time"

	"vireo/internal/inventory"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
	"vireo/internal/option"
)

// alarms ring when a status has lasted for too long: one timer for each limit
// of the status that a VM is in.
type alarms struct {
	inventory *inventory.Inventory
	values    *option.Values
	ring      func(alarm)

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

func newAlarms(inv *inventory.Inventory, values *option.Values, ring func(alarm)) *alarms {
	return &alarms{inventory: inv, values: values, ring: ring, pending: make(map[model.ID]*armed)}
}

// follow arms and disarms as VMs change, and anew when the limits do. What a VM is
// like is read here, not handed over: of two calls at once either may be last.
func (a *alarms) follow(ref model.Ref) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return
	}
	switch ref.Kind {
	case model.KindVM:
		a.set(ref.ID, false)
	case model.KindOption:
		for _, id := range slices.Collect(maps.Keys(a.pending)) {
			a.set(id, true)
		}
	}
}

// set arms for the status that a VM has; one that is armed for it is left so,
// unless it is to be anew.
func (a *alarms) set(id model.ID, anew bool) {
	vm, exists := a.inventory.VMs.Get(id)
	if old := a.pending[id]; old != nil {
		if !anew && exists && old.status == vm.Run.Status && old.since.Equal(vm.Run.Since) {
			return
		}
		old.disarm()
		delete(a.pending, id)
	}
	if exists {
		a.arm(vm)
	}
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
