package libvirt

import (
	"slices"
	"sync"

	"vireo/internal/host"
)

// eventQueue stands between libvirt's streams and the reader of the events. An
// event that says the same as one still waiting replaces it at the end of the
// queue, so it never grows beyond guests times kinds.
type eventQueue struct {
	mu      sync.Mutex
	waiting []host.Event
	open    int
	// more is signalled when there is something to deliver or all writers left.
	more chan struct{}
}

func newEventQueue() *eventQueue { return &eventQueue{more: make(chan struct{}, 1)} }

// writers says how many will leave.
func (q *eventQueue) writers(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.open += n
}

func (q *eventQueue) put(event host.Event) {
	q.mu.Lock()
	q.waiting = slices.DeleteFunc(q.waiting, func(old host.Event) bool {
		return old.Guest == event.Guest && old.Kind == event.Kind && old.Path == event.Path
	})
	q.waiting = append(q.waiting, event)
	q.mu.Unlock()
	q.signal()
}

func (q *eventQueue) leave() {
	q.mu.Lock()
	q.open--
	q.mu.Unlock()
	q.signal()
}

func (q *eventQueue) signal() {
	select {
	case q.more <- struct{}{}:
	default:
	}
}

func (q *eventQueue) next() (event host.Event, some, last bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting) == 0 {
		return host.Event{}, false, q.open <= 0
	}
	event = q.waiting[0]
	q.waiting = q.waiting[1:]
	return event, true, false
}

// deliver hands the events out until done is closed or no writer is left.
func (q *eventQueue) deliver(out chan<- host.Event, done <-chan struct{}) {
	for {
		event, some, last := q.next()
		switch {
		case some:
			select {
			case out <- event:
			case <-done:
				return
			}
		case last:
			return
		default:
			select {
			case <-q.more:
			case <-done:
				return
			}
		}
	}
}
