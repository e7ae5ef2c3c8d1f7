package watch

import (
	"sync"

	"vireo/internal/audit"
	"vireo/internal/model"
)

// told keeps what is both heard as an event and seen by looking, such as a panic,
// from being told twice. Either may be missed, and either may come first.
type told struct {
	mu          sync.Mutex
	heardUnseen map[model.ID]telling
	seenUnheard map[model.ID]telling
}

// telling is something told of a run.
type telling struct {
	epoch uint64
	code  audit.Code
}

func newTold() *told {
	return &told{heardUnseen: make(map[model.ID]telling), seenUnheard: make(map[model.ID]telling)}
}

// heard says whether what is heard was told already, having been seen.
func (t *told) heard(vm *model.VM, code audit.Code) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return match(vm, code, t.seenUnheard, t.heardUnseen)
}

// seen says whether what is seen was told already, having been heard. What is
// only ever seen is not remembered.
func (t *told) seen(vm *model.VM, code audit.Code) bool {
	if code != audit.GuestPanicked && code != audit.GuestWatchdog {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return match(vm, code, t.heardUnseen, t.seenUnheard)
}

func match(vm *model.VM, code audit.Code, other, own map[model.ID]telling) bool {
	now := telling{vm.Run.Epoch, code}
	if other[vm.ID] == now {
		delete(other, vm.ID)
		return true
	}
	own[vm.ID] = now
	return false
}

// forget drops what is remembered of a VM.
func (t *told) forget(vm model.ID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.heardUnseen, vm)
	delete(t.seenUnheard, vm)
}
