package libvirt

import (
	"context"
	"sync"

	"vireo/internal/model"
)

// gates limits what is under way at a time for each guest, with a gate of its own
// for each kind: requests that may hang, in its QEMU or in the agent inside, and
// what must be done by one alone.
type gates struct {
	mu   sync.Mutex
	open map[gateKey]*gate
}

type gateKey struct {
	guest model.ID
	kind  gateKind
}

type gateKind string

const (
	gateQEMU  gateKind = ""
	gateAgent gateKind = "agent"
	// gateStart lets one start or restore in, or one who forgets the guest;
	// gateSeeds one who writes or removes its seeds.
	gateStart gateKind = "start"
	gateSeeds gateKind = "seeds"
)

type gate struct {
	slots chan struct{}
	users int
}

// gateWidths are how many of a kind may be under way for one guest.
var gateWidths = map[gateKind]int{gateQEMU: 2, gateAgent: 2, gateStart: 1, gateSeeds: 1}

func (g *gates) init() { g.open = map[gateKey]*gate{} }

// enter waits for a turn; leave must be called when the request
// has returned, not when its caller has given up.
func (g *gates) enter(ctx context.Context, key gateKey) (leave func(), err error) {
	g.mu.Lock()
	entry := g.open[key]
	if entry == nil {
		entry = &gate{slots: make(chan struct{}, gateWidths[key.kind])}
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
