package watch

import (
	"context"
	"sync"

	"vireo/internal/model"
)

// keyed runs a function per VM: never twice at once for the same one, again if
// it was asked for meanwhile, and for a few VMs side by side, so that one that
// hangs holds up nobody else.
type keyed struct {
	run  func(context.Context, model.ID)
	base context.Context
	wait *sync.WaitGroup

	mu    sync.Mutex
	state map[model.ID]bool // present: running; true: asked again
}

func newKeyed(base context.Context, wait *sync.WaitGroup, run func(context.Context, model.ID)) *keyed {
	return &keyed{run: run, base: base, wait: wait, state: make(map[model.ID]bool)}
}

func (k *keyed) ask(id model.ID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.base.Err() != nil {
		return
	}
	if _, running := k.state[id]; running {
		k.state[id] = true
		return
	}
	k.state[id] = false
	k.wait.Go(func() { k.work(id) })
}

func (k *keyed) work(id model.ID) {
	for {
		k.run(k.base, id)
		k.mu.Lock()
		if !k.state[id] || k.base.Err() != nil {
			delete(k.state, id)
			k.mu.Unlock()
			return
		}
		k.state[id] = false
		k.mu.Unlock()
	}
}
