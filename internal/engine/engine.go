package engine

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"vireo/internal/auth"
	"vireo/internal/engine/placement"
	"vireo/internal/fence"
	"vireo/internal/host"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/lease"
	"vireo/internal/model"
	"vireo/internal/option"
	"vireo/internal/vault"
)

// Machines is what the engine needs of the watcher: the connections to hosts.
type Machines interface {
	// Connected gives the live connection to a host that has been compared since
	// it was made; host.ErrUnreachable when there is none.
	Connected(id model.ID) (host.Host, error)
	// Await returns when Connected would succeed, or the context's error.
	Await(ctx context.Context, id model.ID) error
	// AwaitEnd returns when Connected would succeed, or when what ran on the host is known
	// to have ended, or the context's error.
	AwaitEnd(ctx context.Context, id model.ID) error
	// AwaitVerdict returns when Connected would succeed, or when the host is not
	// expected to answer soon any more, or the context's error.
	AwaitVerdict(ctx context.Context, id model.ID) error
	// Look asks for a VM's guest to be looked at soon.
	Look(vm model.ID)
	// Compare reads what a connected host is and runs now, and writes it down;
	// host.ErrUnreachable when it is not connected.
	Compare(ctx context.Context, id model.ID) error
	// Sample reads a host's figures of its guests now.
	Sample(ctx context.Context, id model.ID) error
}

// Options are what an engine is made of.
type Options struct {
	Inventory *inventory.Inventory
	Images    image.Images
	Values    *option.Values
	// Vault reveals what only guests are to learn.
	Vault *vault.Vault
	// Sources are the directories of users outside; nil knows none.
	Sources auth.Sources
	// Fences cut hosts off; nil cuts off none.
	Fences fence.Fences
	// Leases are those of VMs in storage domains; nil makes none.
	Leases lease.Leases
	// ID is this engine's, written into the metadata of its guests.
	ID  model.ID
	Log *slog.Logger
	// Archives is the directory, absolute, at or below which OVA files are; empty for
	// none.
	Archives string
	// Ended is told of each job that has ended; may be nil.
	Ended func(*model.Job)
	// Died is for tests: see job.Options.
	Died func(job.Point) bool
}

// Engine accepts commands and runs them.
type Engine struct {
	Options
	// Machines is set before the first command.
	Machines Machines
	// Placement finds the hosts for VMs.
	Placement *placement.Index

	// Begun is when this engine was made: what it has not heard of before, it may yet.
	Begun time.Time
	// Ticketed is told of each ticket when its display has it; nil asks for none. It
	// is set before the first command.
	Ticketed func(SetTicket)
	// Agents are those in guests; nil hears none. It is set before the first command.
	Agents Agents

	runner   *job.Runner
	commands map[string]*Command
	rows     []*Command

	refused    refused
	denials    denials
	index      atomic.Pointer[grants]
	describing describing
	sights     sights

	liveMu  sync.RWMutex
	live    map[model.ID]*model.Live
	loads   map[model.ID]*model.HostStats
	foreign map[model.ID][]host.Guest
}

// SetTicket is a ticket that the display of a VM has been given. It is in memory only.
type SetTicket struct {
	VM model.ID
	// Epoch is the run of the VM, User who asked for it.
	Epoch uint64
	User  model.ID
	// Value is all of it, whatever the display looks at; Ends is zero for never.
	Value string
	Ends  time.Time
}

// String keeps the value out of logs.
func (s SetTicket) String() string { return "the ticket of " + string(s.VM) }

// GoString is String, for %#v.
func (s SetTicket) GoString() string { return s.String() }

// New makes an engine whose rows are its own alone; Install adds the others.
func New(options Options) *Engine {
	e := &Engine{Options: options, Begun: time.Now(), commands: make(map[string]*Command), live: make(map[model.ID]*model.Live), loads: make(map[model.ID]*model.HostStats), foreign: make(map[model.ID][]host.Guest)}
	e.runner = job.New(job.Options{Inventory: options.Inventory, Plan: e.plan, Log: options.Log, Died: options.Died})
	e.Install([]Command{e.discardRow()})
	if options.Inventory != nil {
		e.Placement = placement.NewIndex(options.Inventory)
		options.Inventory.Follow(e.begin)
	}
	return e
}

// Install adds rows to the command table. A name twice is a mistake of the
// program and panics.
func (e *Engine) Install(rows []Command) {
	for i := range rows {
		row := &rows[i]
		if _, exists := e.commands[row.Key()]; exists {
			panic("engine: the command " + row.Key() + " is installed twice")
		}
		e.commands[row.Key()] = row
		if !row.Internal {
			e.rows = append(e.rows, row)
		}
	}
}

// Commands gives the rows of the command table that can be called, in the order
// of installation.
func (e *Engine) Commands() []*Command { return e.rows }

// Resume takes up the jobs that an earlier engine left.
func (e *Engine) Resume() {
	for _, unfinished := range e.Inventory.Jobs() {
		if !unfinished.External {
			e.runner.Start(unfinished)
		}
	}
}

// Close stops all jobs where they are; they go on with the next engine.
func (e *Engine) Close() { e.runner.Close() }

// Live gives what a VM's guest reports of itself; nil when nothing is known.
// The value is immutable.
func (e *Engine) Live(vm model.ID) *model.Live {
	e.liveMu.RLock()
	defer e.liveMu.RUnlock()
	return e.live[vm]
}

// SetLive replaces what is known of a guest; nil forgets it.
func (e *Engine) SetLive(vm model.ID, live *model.Live) {
	e.liveMu.Lock()
	defer e.liveMu.Unlock()
	if live == nil {
		delete(e.live, vm)
		return
	}
	e.live[vm] = live
}

// EditLive changes what is known of a guest.
func (e *Engine) EditLive(vm model.ID, change func(*model.Live)) {
	e.liveMu.Lock()
	defer e.liveMu.Unlock()
	fresh := &model.Live{}
	if old := e.live[vm]; old != nil {
		*fresh = *old
	}
	change(fresh)
	e.live[vm] = fresh
}
