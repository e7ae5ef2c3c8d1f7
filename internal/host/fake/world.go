package fake

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"vireo/internal/host"
	"vireo/internal/lease"
	"vireo/internal/model"
)

// Options are the habits of a world. The zero value is a quick one.
type Options struct {
	// AgentDelay is how long a guest takes from power on until its agent is
	// connected; 0 is 200 ms.
	AgentDelay time.Duration
	// ShutdownDelay is how long a guest takes from being asked to go until it
	// has gone; 0 is 100 ms.
	ShutdownDelay time.Duration
	// ReapDelay is how long QEMU lingers, with its disks, after its guest has
	// powered off; 0 is 20 ms.
	ReapDelay time.Duration
	// SaveDelay is how long the saving of a guest's memory takes; 0 is 20 ms.
	SaveDelay time.Duration
	// LinkRate is how many bytes a second go from machine to machine; 0 is 1 GiB.
	LinkRate int64
	// AgentTimeout is how long a connected agent that does not answer is waited
	// for; 0 is 5 s.
	AgentTimeout time.Duration
	// Keepalive is how long a machine may be mute before its connections are
	// lost; 0 is 25 s.
	Keepalive time.Duration
	// KeepCalls is how many of the latest calls are kept; 0 is 100,000.
	KeepCalls int
	// Journal has the world write down what its guests do with their disks; see Entry.
	Journal bool
	// OpenAddresses makes a default machine of every address that is connected
	// to; otherwise unknown addresses are unreachable.
	OpenAddresses bool
}

// Behavior is what a guest does when asked. The zero value is an obedient guest
// with an agent.
type Behavior struct {
	// NoAgent is a guest without an agent.
	NoAgent bool
	// AgentHangs is an agent that is connected and never answers.
	AgentHangs bool
	// IgnoreAgent leaves the agent's requests to power off or reboot undone,
	// though they are acknowledged; IgnorePower the power button and ACPI reboots.
	IgnoreAgent, IgnorePower bool
	// Strange is what keeps a guest of somebody else from being adopted.
	Strange string
	// EngineAgent is a guest with the engine's own agent too, which speaks on its channel.
	EngineAgent bool
	// NoFileSystems is a guest that has nothing to freeze.
	NoFileSystems bool
	// DirtyRate is how many bytes of its memory it writes in a second.
	DirtyRate int64
	// AgentDelay and ShutdownDelay replace the world's when not 0.
	AgentDelay, ShutdownDelay time.Duration
}

// World is all machines there are, with what runs on them. It is safe for
// concurrent use. Drivers come and go; the world stays until Close.
type World struct {
	options Options

	mu         sync.Mutex
	closed     bool
	machines   map[string]*Machine
	behaviors  map[string]Behavior
	rules      []*rule
	calls      []*Call
	violations []string
	// running are the guests that have a QEMU anywhere; writers the disks that
	// such guests write to; epochs the highest epoch that each id ever ran with.
	running map[model.ID]*guest
	writers map[string]*guest
	epochs  map[model.ID]uint64
	saved   map[string]*savedState
	// savedOf is the path of the latest saved state of each guest.
	savedOf map[model.ID]string
	// leases are those of guests, by their ids; hidden says that engines cannot read them,
	// copied is what they read of renewals in place of what is so.
	leases map[model.ID]*record
	hidden bool
	copied map[uint64]lease.Renewal
	began  time.Time
	// journal is nil unless it is wanted.
	journal *journal
}

// New makes a world with the given habits and no machines.
func New(options Options) *World {
	defaults := []struct {
		field *time.Duration
		value time.Duration
	}{
		{&options.AgentDelay, 200 * time.Millisecond},
		{&options.ShutdownDelay, 100 * time.Millisecond},
		{&options.ReapDelay, 20 * time.Millisecond},
		{&options.SaveDelay, 20 * time.Millisecond},
		{&options.AgentTimeout, 5 * time.Second},
		{&options.Keepalive, 25 * time.Second},
	}
	for _, d := range defaults {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	if options.LinkRate == 0 {
		options.LinkRate = 1 << 30
	}
	if options.KeepCalls == 0 {
		options.KeepCalls = 100_000
	}
	w := &World{
		options:   options,
		machines:  map[string]*Machine{},
		behaviors: map[string]Behavior{},
		running:   map[model.ID]*guest{},
		writers:   map[string]*guest{},
		epochs:    map[model.ID]uint64{},
		saved:     map[string]*savedState{},
		savedOf:   map[model.ID]string{},
		leases:    map[model.ID]*record{},
		began:     time.Now(),
	}
	if options.Journal {
		w.journal = &journal{disks: make(map[model.ID]int64)}
	}
	return w
}

// Driver makes a new way to reach the machines, as each engine has one.
func (w *World) Driver() host.Driver { return driver{w} }

// Behave tells the guest of that name (or id) how to behave from now on; ""
// means all guests that have not been told by name.
func (w *World) Behave(guest string, behavior Behavior) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.behaviors[guest] = behavior
}

// behavior is what applies to g.
func (w *World) behavior(g *guest) Behavior {
	for _, name := range []string{g.spec.Name, string(g.spec.ID), ""} {
		if b, ok := w.behaviors[name]; ok {
			return b
		}
	}
	return Behavior{}
}

// Machine is the machine at an address; it panics when there is none, as that
// is a mistake of the test.
func (w *World) Machine(address string) *Machine {
	w.mu.Lock()
	defer w.mu.Unlock()
	m, ok := w.machines[address]
	if !ok {
		panic(fmt.Sprintf("the fake world has no machine %q, only %q", address, slices.Sorted(maps.Keys(w.machines))))
	}
	return m
}

// Running lists the addresses of the machines on which a guest with this id has
// a QEMU.
func (w *World) Running(id model.ID) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []string
	for address, m := range w.machines {
		if g := m.guests[id]; g != nil && g.alive() {
			out = append(out, address)
		}
	}
	slices.Sort(out)
	return out
}

// Close ends the world: connections are lost and nothing happens any more.
func (w *World) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for _, m := range w.machines {
		m.down = true
		m.lose()
		for _, g := range m.guests {
			g.halt()
		}
	}
}

// after does something later, with the lock held, unless the world has ended.
func (w *World) after(delay time.Duration, do func()) *time.Timer {
	return time.AfterFunc(delay, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if !w.closed {
			do()
		}
	})
}

type driver struct{ world *World }

// Connect reaches the machine at the address.
func (d driver) Connect(ctx context.Context, address string) (host.Host, error) {
	return d.world.connect(ctx, address)
}
