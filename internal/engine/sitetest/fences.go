package sitetest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"vireo/internal/fence"
	"vireo/internal/host/fake"
)

// Fences cut the machines of a world off. The address of an agent is that of its
// machine.
type Fences struct {
	world *fake.World

	mu     sync.Mutex
	off    map[string]bool
	broken map[string]bool
	lying  map[string]bool
	done   []string
}

var _ fence.Fences = (*Fences)(nil)

func newFences(world *fake.World) *Fences {
	return &Fences{world: world, off: make(map[string]bool), broken: make(map[string]bool), lying: make(map[string]bool)}
}

// Break has all agents of a machine fail until Mend.
func (f *Fences) Break(address string) { f.set(f.broken, address, true) }

// Mend ends Break and Lie.
func (f *Fences) Mend(address string) {
	f.set(f.broken, address, false)
	f.set(f.lying, address, false)
}

// Lie has the agents of a machine say that they have switched, and leave it alone.
func (f *Fences) Lie(address string) { f.set(f.lying, address, true) }

// Done are the switchings that agents were asked for and have done: "off fake://h1".
func (f *Fences) Done() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.done...)
}

func (f *Fences) set(of map[string]bool, address string, to bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	of[address] = to
}

// reaches are what the agents of each type cut machines off from.
var reaches = map[string]fence.Reach{
	"fake": {}, "fabric": {Storage: true}, "fabric-itself": {Storage: true, Itself: true},
}

// Types implements [fence.Fences].
func (f *Fences) Types() []string { return slices.Sorted(maps.Keys(reaches)) }

// Reach implements [fence.Fences].
func (f *Fences) Reach(_ context.Context, kind string) (fence.Reach, error) {
	reach, known := reaches[kind]
	if !known {
		return reach, fmt.Errorf("%w: there is no agent %s", fence.ErrAgent, kind)
	}
	return reach, nil
}

// Check implements [fence.Fences].
func (f *Fences) Check(agent fence.Agent) error {
	if _, known := reaches[agent.Type]; !known {
		return fmt.Errorf("%w: there is no agent %s", fence.ErrAgent, agent.Type)
	}
	return nil
}

// Status implements [fence.Fences].
func (f *Fences) Status(_ context.Context, agent fence.Agent) (fence.Power, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.broken[agent.Address]:
		return "", fmt.Errorf("%w: it is broken", fence.ErrAgent)
	case reaches[agent.Type].Storage && f.world.Machine(agent.Address).Barred(), !reaches[agent.Type].Storage && f.off[agent.Address]:
		return fence.PowerOff, nil
	}
	return fence.PowerOn, nil
}

// TurnOff implements [fence.Fences].
func (f *Fences) TurnOff(_ context.Context, agent fence.Agent) error {
	if reaches[agent.Type].Storage {
		return f.bar(agent, true)
	}
	return f.turn(agent, true, func(machine *fake.Machine) { machine.Crash() })
}

// TurnOn implements [fence.Fences].
func (f *Fences) TurnOn(_ context.Context, agent fence.Agent) error {
	if reaches[agent.Type].Storage {
		return f.bar(agent, false)
	}
	return f.turn(agent, false, func(machine *fake.Machine) { machine.Restart("") })
}

func (f *Fences) bar(agent fence.Agent, to bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	machine := f.world.Machine(agent.Address)
	switch {
	case f.broken[agent.Address]:
		return fmt.Errorf("%w: it is broken", fence.ErrAgent)
	case machine.Barred() == to:
		return nil
	}
	f.done = append(f.done, map[bool]string{true: "bar ", false: "let back "}[to]+agent.Address)
	if !f.lying[agent.Address] {
		machine.Bar(to)
	}
	return nil
}

func (f *Fences) turn(agent fence.Agent, off bool, does func(*fake.Machine)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken[agent.Address] {
		return fmt.Errorf("%w: it is broken", fence.ErrAgent)
	}
	if f.off[agent.Address] == off {
		return nil
	}
	f.off[agent.Address] = off
	word := map[bool]string{true: "off ", false: "on "}[off]
	f.done = append(f.done, word+agent.Address)
	if !f.lying[agent.Address] {
		does(f.world.Machine(agent.Address))
	}
	return nil
}
