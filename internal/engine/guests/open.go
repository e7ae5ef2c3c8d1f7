package guests

import (
	"context"
	"errors"
	"time"

	"vireo/internal/audit"
	"vireo/internal/guestagent"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// open opens the channel of an agent, whose guest has to be the one of the run.
func (r *Room) open(a *agent) {
	ctx, cancel := context.WithTimeout(r.base, r.Values.Duration("HostCallTimeout"))
	defer cancel()
	a.mu.Lock()
	a.opened++
	nth := a.opened
	a.mu.Unlock()
	channel, err := r.dial(ctx, a, func(data []byte) { a.hear(nth, data) })
	if refused, ok := errors.AsType[*host.RefusedError](err); ok && refused.Code == host.RefusedUnsupported {
		r.Log.InfoContext(ctx, "a guest has no channel for the engine's own agent; it will with its next start", "vm", a.vm, "reason", refused.Reason)
		a.give()
		return
	}
	if err != nil {
		r.Log.DebugContext(ctx, "the channel to the agent in a guest could not be opened; trying again", "vm", a.vm, "err", err)
		a.rest()
		return
	}
	if !a.take(channel) {
		_ = channel.Close() // the guest is gone
		return
	}
	// It may have said everything long ago.
	r.send(a, channel, guestagent.Refresh())
}

// errNotOurs says that a guest is not the one of the run that is known here.
var errNotOurs = errors.New("the guest on the host is that of another run")

func (r *Room) dial(ctx context.Context, a *agent, hear func([]byte)) (host.Channel, error) {
	conn, err := r.Machines.Connected(a.host)
	if err != nil {
		return nil, err
	}
	vm, exists := r.Inventory.VMs.Get(a.vm)
	if !exists {
		return nil, errNotOurs
	}
	guest, err := conn.Guest(ctx, a.vm)
	if err != nil {
		return nil, err
	}
	if !r.Owns(vm, guest) || vm.Run.Epoch != a.epoch {
		return nil, errNotOurs
	}
	return conn.OpenChannel(ctx, a.vm, hear)
}

// take keeps a channel that was opened, unless the agent was left meanwhile.
func (a *agent) take(channel host.Channel) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.opening = false
	if a.gone {
		return false
	}
	a.channel = channel
	a.span, a.bytes, a.lines = time.Now(), 0, 0
	return true
}

// heard gives the agent in a VM's guest with its channel, if that is open and the agent is
// heard.
func (r *Room) heard(vm model.ID) (*agent, host.Channel, bool) {
	r.mu.Lock()
	known := r.agents[vm]
	r.mu.Unlock()
	if known == nil {
		return nil, nil, false
	}
	channel, heard := known.spoken(r.Values.Duration("GuestAgentSilenceTimeout"))
	return known, channel, heard
}

// Hears says whether the agent in a VM's guest is heard.
func (r *Room) Hears(vm model.ID) bool {
	_, _, heard := r.heard(vm)
	return heard
}

// Restarted has the agent in a VM's guest be heard anew.
func (r *Room) Restarted(vm model.ID) {
	r.mu.Lock()
	known := r.agents[vm]
	r.mu.Unlock()
	if known != nil {
		known.mu.Lock()
		defer known.mu.Unlock()
		known.heard, known.alive, known.shown = time.Time{}, false, false
	}
}

// Tell gives the agent in a VM's guest a line. Its error is a *host.RefusedError for an agent
// that is not heard, and that of the host otherwise.
func (r *Room) Tell(ctx context.Context, vm model.ID, line []byte) error {
	if known, channel, heard := r.heard(vm); heard {
		known.tells(channel, line)
		bounded, cancel := context.WithTimeout(ctx, r.Values.Duration("HostCallTimeout"))
		defer cancel()
		return channel.Send(bounded, line)
	}
	return &host.RefusedError{Code: host.RefusedAgent, Reason: "the engine's own agent in the guest is not heard"}
}

// tellFlood tells of an agent that says too much.
func (r *Room) tellFlood(a *agent) {
	ctx, cancel := context.WithTimeout(r.base, r.Values.Duration("HostCallTimeout"))
	defer cancel()
	err := r.Inventory.Update(ctx, func(tx *inventory.Tx) error {
		if vm, exists := tx.VMs.Get(a.vm); exists && !a.toldFlood {
			tx.Event(audit.New(audit.AgentFloods, audit.About{VM: vm}))
		}
		return nil
	})
	if err != nil {
		r.Log.WarnContext(ctx, "the flood of an agent could not be told of", "vm", a.vm, "err", err)
		return
	}
	a.toldFlood = true // of tend alone
}
