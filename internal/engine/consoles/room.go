package consoles

import (
	"sync"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/model"
)

// Sessions says whether callers may still be who they were; [*auth.Sessions] does.
type Sessions interface {
	// Stands says whether a caller's session is open, or for one without a session
	// whether the user may still log in with the same password. used counts as use of
	// the session.
	Stands(caller auth.Caller, used bool) bool
}

// Room is what the verbs share, and the connections that are open.
type Room struct {
	*engine.Engine
	// Sessions is set before the first connection.
	Sessions Sessions

	passes  passes
	tickets tickets

	mu     sync.Mutex
	open   map[*Connection]struct{}
	closed bool
	wait   sync.WaitGroup
}

// New makes the room, without any connection. It is told of tickets from then on.
func New(e *engine.Engine) *Room {
	r := &Room{Engine: e, open: make(map[*Connection]struct{})}
	e.Ticketed = r.ticketed
	return r
}

// ticketed remembers a ticket that was set, and ends the connections by the one before.
func (r *Room) ticketed(set engine.SetTicket) {
	r.tickets.forget(r.over)
	r.tickets.put(set)
}

// over says whether a run of a VM has ended.
func (r *Room) over(vm model.ID, epoch uint64) bool {
	now, known := r.Inventory.VMs.Get(vm)
	return !known || now.Run.Epoch != epoch || now.Run.Status == model.StatusDown
}

// Close ends all connections and waits until they have; no more are opened.
func (r *Room) Close() {
	r.mu.Lock()
	r.closed = true
	for connection := range r.open {
		connection.end(errClosing)
	}
	r.mu.Unlock()
	r.wait.Wait()
}

// The most connections at once: in all, of a user, and of a VM.
const mostConnections, mostOfOne, mostOfVM = 512, 64, 16

// enter counts a connection, unless there are too many.
func (r *Room) enter(c *Connection) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	user, vm := 0, 0
	for other := range r.open {
		if other.pass.caller.User == c.pass.caller.User {
			user++
		}
		if other.pass.vm == c.pass.vm {
			vm++
		}
	}
	if r.closed || len(r.open) >= mostConnections || user >= mostOfOne || vm >= mostOfVM {
		return false
	}
	r.open[c] = struct{}{}
	r.wait.Add(1)
	return true
}

func (r *Room) leave(c *Connection) {
	r.mu.Lock()
	delete(r.open, c)
	r.mu.Unlock()
	r.wait.Done()
}
