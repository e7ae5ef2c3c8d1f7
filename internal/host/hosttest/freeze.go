package hosttest

import (
	"testing"

	"vireo/internal/host"
)

func fileSystemsFreezeAndThaw(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.bootUp("frozen")
	id := spec.ID
	frozen := func() bool {
		is, err := b.AgentFrozen(b.ctx, id)
		b.must("AgentFrozen", err)
		return is
	}
	if frozen() {
		t.Fatal("a guest that has just come up is frozen")
	}
	b.must("AgentThaw of what is not frozen", b.AgentThaw(b.ctx, id))

	// The agent may be there before the first file system is.
	b.until("there is something to freeze", func() bool {
		b.must("AgentFreeze", b.AgentFreeze(b.ctx, id))
		return frozen()
	})
	b.must("AgentFreeze, again", b.AgentFreeze(b.ctx, id))
	b.must("AgentPing of a frozen guest", b.AgentPing(b.ctx, id))
	_, err := b.GuestInfo(b.ctx, id)
	b.refused("GuestInfo of a frozen guest", err, host.RefusedAgent)
	_, err = b.GuestUptime(b.ctx, id)
	b.refused("GuestUptime of a frozen guest", err)
	b.refused("AgentShutdown of a frozen guest", b.AgentShutdown(b.ctx, id, false), host.RefusedAgent)
	b.refused("AgentShutdown to reboot a frozen guest", b.AgentShutdown(b.ctx, id, true), host.RefusedAgent)
	if !frozen() {
		t.Error("asking other things has thawed the guest")
	}

	b.twice("AgentThaw", func() error { return b.AgentThaw(b.ctx, id) })
	if frozen() {
		t.Error("a guest that was thawed is frozen")
	}
	_, err = b.GuestInfo(b.ctx, id)
	b.must("GuestInfo after the thaw", err)

	b.must("Pause", b.Pause(b.ctx, id))
	b.refused("AgentFreeze of a paused guest", b.AgentFreeze(b.ctx, id), host.RefusedAgent, host.RefusedState)
	b.refused("AgentThaw of a paused guest", b.AgentThaw(b.ctx, id), host.RefusedAgent, host.RefusedState)
}
