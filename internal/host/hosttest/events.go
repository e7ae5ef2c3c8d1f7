package hosttest

import (
	"slices"
	"sync"

	"vireo/internal/host"
)

// events collects what a connection reports.
type events struct {
	mu    sync.Mutex
	all   []host.Event
	bell  chan struct{}
	ended chan struct{}
}

func watch(b *bench, h host.Host) *events {
	b.Helper()
	source, err := h.Watch(b.ctx)
	b.must("Watch", err)
	e := &events{bell: make(chan struct{}, 1), ended: make(chan struct{})}
	go func() {
		defer close(e.ended)
		for event := range source {
			e.add(event)
		}
	}()
	return e
}

func (e *events) add(event host.Event) {
	e.mu.Lock()
	e.all = append(e.all, event)
	e.mu.Unlock()
	select {
	case e.bell <- struct{}{}:
	default:
	}
}

func (e *events) list() []host.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.all)
}

// mark is the place of the next event.
func (e *events) mark() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.all)
}

// wait returns when the channel of events has been closed.
func (e *events) wait() { <-e.ended }
