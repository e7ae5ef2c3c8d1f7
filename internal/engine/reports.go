package engine

import (
	"cmp"
	"context"

	"vireo/internal/host"
	"vireo/internal/model"
)

// Agents speak with the engine's own agents inside guests (api-v3 3.8).
type Agents interface {
	// Hears says whether the agent in a VM's guest has given a sign of life within the time
	// GuestAgentSilenceTimeout, and can be told something.
	Hears(vm model.ID) bool
	// Tell gives the agent in a VM's guest a line, which may hold a password and is
	// remembered nowhere. A *host.RefusedError with RefusedAgent when the agent is not
	// heard, host.ErrUnreachable when its channel has ended under it.
	Tell(ctx context.Context, vm model.ID, line []byte) error
	// Restarted says that a VM's guest has: its agent is not heard until it gives the next
	// sign of life.
	Restarted(vm model.ID)
}

// TellAgent is Agents.Tell; an engine without them hears no agent.
func (e *Engine) TellAgent(ctx context.Context, vm model.ID, line []byte) error {
	if e.Agents == nil {
		return &host.RefusedError{Code: host.RefusedAgent, Reason: "this engine speaks with no agents of its own"}
	}
	return e.Agents.Tell(ctx, vm, line)
}

// GuestAnswered takes what qemu-guest-agent has answered of a VM's guest.
func (e *Engine) GuestAnswered(vm model.ID, report *model.GuestReport) {
	e.EditLive(vm, func(live *model.Live) {
		live.Asked, live.AgentAlive = report, true
		join(live)
	})
}

// GuestTold takes what the engine's own agent in a VM's guest has said; nil when it is not
// heard any more.
func (e *Engine) GuestTold(vm model.ID, report *model.GuestReport) {
	e.EditLive(vm, func(live *model.Live) {
		live.Told = report
		join(live)
	})
}

// GuestRestarted forgets what a VM's guest has said that does not outlive a restart.
func (e *Engine) GuestRestarted(vm model.ID) {
	if e.Agents != nil {
		e.Agents.Restarted(vm)
	}
	e.EditLive(vm, func(live *model.Live) {
		if live.Asked != nil {
			asked := *live.Asked
			asked.IPs, asked.Devices = nil, nil
			live.Asked = &asked
		}
		live.Told = nil
		join(live)
	})
}

// HearsAgent is Agents.Hears; an engine without them hears none.
func (e *Engine) HearsAgent(vm model.ID) bool { return e.Agents != nil && e.Agents.Hears(vm) }

// join makes one of what the two agents of a guest say. The engine's own one wins wherever
// it has said something, for it speaks when something changes, while the other one is asked
// now and then; and it is believed only as long as it is heard. What it has not said is
// taken of the other one. The figures of memory are joined in [JoinMemory].
func join(live *model.Live) {
	var asked, told model.GuestReport
	if live.Asked != nil {
		asked = *live.Asked
	}
	if live.Told != nil {
		told = *live.Told
	}
	live.FQDN = cmp.Or(told.FQDN, asked.FQDN)
	live.OS, live.TimeZone = cmp.Or(told.OS, asked.OS), cmp.Or(told.TimeZone, asked.TimeZone)
	live.IPs, live.Devices = asked.IPs, asked.Devices
	if told.Devices != nil { // which come with their addresses
		live.IPs, live.Devices = told.IPs, told.Devices
	}
	live.Applications, live.User = told.Applications, told.User
}

// JoinMemory fills in the figures of a guest's memory where its balloon driver, which asks
// nobody, has none: those of the engine's own agent count then.
func JoinMemory(live *model.Live, balloon bool) {
	if balloon || live.Told == nil || live.Told.Memory == nil {
		return
	}
	said, stats := live.Told.Memory, &live.Stats
	stats.MemoryFree, stats.MemoryCached, stats.MemoryBuffered = said.Unused, said.Cached, said.Buffered
	stats.MemoryUsed = max(said.Total-said.Unused, 0)
	if stats.MemoryInstalled > 0 {
		stats.MemoryUsed = min(max(stats.MemoryInstalled-said.Unused, 0), stats.MemoryInstalled)
	}
}
