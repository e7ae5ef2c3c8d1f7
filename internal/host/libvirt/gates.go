package libvirt

import (
	"context"
	"sync"

	"vireo/internal/model"
)

// gates limits the requests to each guest that may hang, in its QEMU or in the
// agent inside, each with a gate of its own.
type gates struct {
	mu   sync.Mutex
	open map[gateKey]*gate
}

type gateKey struct {
	guest model.ID
	agent bool
}

type gate struct {
	slots chan struct{}
	users int
}

const requestsPerGuest = 2

func (g *gates) init() { g.open = map[gateKey]*gate{} }

// enter waits for a turn; leave must be called when the request
// has returned, not when its caller has given up.
func (g *gates) enter(ctx context.Context, key gateKey) (leave func(), err error) {
	g.mu.Lock()
	entry := g.open[key]
	if entry == nil {
		entry = &gate{slots: make(chan struct{}, requestsPerGuest)}
		g.open[key] = entry
	}
	entry.users++
	g.mu.Unlock()
	forget := func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if entry.users--; entry.users == 0 {
			delete(g.open, key)
		}
	}
	select {
	case entry.slots <- struct{}{}:
		return sync.OnceFunc(func() { <-entry.slots; forget() }), nil
	case <-ctx.Done():
		forget()
		return nil, ctx.Err()
	}
}
