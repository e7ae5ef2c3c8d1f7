package guests

import (
	"context"
	"sync"
	"time"

	"vireo/internal/engine"
	"vireo/internal/guestagent"
	"vireo/internal/host"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

const (
	// looks is how often the agents are looked at: so long may what they say wait to be
	// shown.
	looks = time.Second
	// opensAtOnce is how many channels are being opened at the same time.
	opensAtOnce = 8
	// longLines is what unfinished long lines of all agents may take, in bytes.
	longLines = 16 << 20
	// The pauses before a channel that could not be opened, or has ended, is opened again.
	firstPause, longestPause = time.Second, 30 * time.Second
)

// Room keeps the channels; it implements [engine.Agents].
type Room struct {
	*engine.Engine
	budget *guestagent.Budget

	base   context.Context
	cancel context.CancelFunc
	wait   sync.WaitGroup
	slots  chan struct{}
	// stirred is signalled when something is to be looked at before the next second.
	stirred chan struct{}

	mu     sync.Mutex
	agents map[model.ID]*agent // of the guests that run, by VM
	// changed are the VMs to be looked at anew.
	changed map[model.ID]bool
}

var _ engine.Agents = (*Room)(nil)

// New makes the room, without any channel. The engine speaks through it from then on.
func New(e *engine.Engine) *Room {
	r := &Room{
		Engine: e, budget: guestagent.NewBudget(longLines), slots: make(chan struct{}, opensAtOnce),
		stirred: make(chan struct{}, 1), agents: make(map[model.ID]*agent), changed: make(map[model.ID]bool),
	}
	r.base, r.cancel = context.WithCancel(context.Background())
	e.Agents = r
	return r
}

// Start opens channels to the guests that run, and to those that will.
func (r *Room) Start() {
	r.Inventory.Follow(func(ref model.Ref, object model.Object) {
		if ref.Kind == model.KindVM {
			vm, _ := object.(*model.VM)
			r.look(ref.ID, vm)
		}
	})
	for _, vm := range r.Inventory.VMs.All() {
		r.look(vm.ID, vm)
	}
	r.wait.Go(r.keep)
}

// Close ends all channels and waits; guests run on.
func (r *Room) Close() {
	r.cancel()
	r.wait.Wait()
	var open []host.Channel
	r.mu.Lock()
	for _, known := range r.agents {
		if channel := known.leave(); channel != nil {
			open = append(open, channel)
		}
	}
	clear(r.agents)
	r.mu.Unlock()
	for _, channel := range open {
		_ = channel.Close() // it is over either way
	}
}

// close ends a channel, if there is one, beside: a host that hangs may take its time.
func (r *Room) close(channel host.Channel) {
	if channel != nil {
		r.wait.Go(func() { _ = channel.Close() }) // it is over either way
	}
}

// look asks for a VM, which has become now (nil: was removed), to be looked at anew.
func (r *Room) look(vm model.ID, now *model.VM) {
	r.mu.Lock()
	known := r.agents[vm]
	here := now != nil && wanted(now)
	news := here != (known != nil) || here && !known.isOf(now)
	if news {
		r.changed[vm] = true
	}
	r.mu.Unlock()
	if news {
		r.stir()
	}
}

func (r *Room) stir() {
	select {
	case r.stirred <- struct{}{}:
	default:
	}
}

// wanted says whether a VM has a guest that can be spoken to, as far as is known.
func wanted(vm *model.VM) bool { return vm.Run.Host != "" && lifecycle.HasGuest(vm.Run.Status) }

func (r *Room) keep() {
	ticker := time.NewTicker(looks)
	defer ticker.Stop()
	for {
		var now time.Time
		select {
		case now = <-ticker.C:
		case <-r.stirred:
			now = time.Now()
		case <-r.base.Done():
			return
		}
		r.follow()
		r.mu.Lock()
		all := make([]*agent, 0, len(r.agents))
		for _, known := range r.agents {
			all = append(all, known)
		}
		r.mu.Unlock()
		for _, known := range all {
			r.tend(known, now)
		}
	}
}

// follow makes agents of the guests that have come, and forgets those that have gone. One
// that has moved is another one: its channel leads to the other host.
func (r *Room) follow() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id := range r.changed {
		known := r.agents[id]
		vm, exists := r.Inventory.VMs.Get(id)
		here := exists && wanted(vm)
		if known != nil && (!here || !known.isOf(vm)) {
			moved := here && known.epoch == vm.Run.Epoch
			r.close(known.leave())
			delete(r.agents, id)
			if known = nil; !moved {
				r.forget(id)
			}
		}
		if known == nil && here {
			r.agents[id] = newAgent(r, vm)
		}
	}
	clear(r.changed)
}

// forget takes out of what is known of a guest what its agent has said.
func (r *Room) forget(id model.ID) {
	if live := r.Live(id); live != nil && live.Told != nil {
		r.GuestTold(id, nil)
	}
}

// tend does what is due for one agent.
func (r *Room) tend(a *agent, now time.Time) {
	due := a.due(now, r.Values.Duration("GuestAgentSilenceTimeout"))
	if due.flooded {
		r.tellFlood(a)
	}
	r.close(due.close)
	switch {
	case due.silent:
		r.forget(a.vm)
	case due.report != nil:
		r.GuestTold(a.vm, due.report)
	}
	if due.woken {
		r.Machines.Look(a.vm) // a VM that is powering up is up now
	}
	if due.answer != nil {
		r.wait.Go(func() { r.send(a, due.channel, due.answer) })
	}
	if due.open {
		r.begin(a)
	}
}

// send writes what is of no consequence if it is lost.
func (r *Room) send(a *agent, channel host.Channel, line []byte) {
	ctx, cancel := context.WithTimeout(r.base, r.Values.Duration("HostCallTimeout"))
	defer cancel()
	a.tells(channel, line)
	if err := channel.Send(ctx, line); err != nil {
		r.Log.DebugContext(ctx, "the agent in a guest could not be told something", "vm", a.vm, "err", err)
	}
}

// begin opens a channel beside, unless too many are being opened.
func (r *Room) begin(a *agent) {
	if _, err := r.Machines.Connected(a.host); err != nil {
		a.rest()
		return
	}
	select {
	case r.slots <- struct{}{}:
	default:
		a.wait()
		return
	}
	r.wait.Go(func() {
		defer func() {
			<-r.slots
			r.stir()
		}()
		r.open(a)
	})
}
