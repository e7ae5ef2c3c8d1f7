package hosttest

import (
	"net/netip"
	"testing"
	"time"

	"vireo/internal/host"
)

func agentAnswersAndReboots(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.spec("agent")
	spec.Paused = true
	b.must("Boot", b.Boot(b.ctx, spec))
	b.refused("AgentPing of a guest whose CPUs stand", b.AgentPing(b.ctx, spec.ID), host.RefusedAgent, host.RefusedState)

	mark := b.events.mark()
	b.must("Resume", b.Resume(b.ctx, spec.ID))
	b.expect(mark, spec.ID, host.EventAgentConnected)
	b.awaitAgent(spec.ID)
	info, err := b.GuestInfo(b.ctx, spec.ID)
	b.must("GuestInfo", err)
	if info.FQDN == "" || info.OS == nil || info.TimeZone == nil {
		t.Errorf("the guest says of itself %+v", info)
	}
	for _, ip := range info.IPs {
		address, err := netip.ParseAddr(ip.Address)
		if err != nil || address.IsLoopback() || address.IsLinkLocalUnicast() || address.Is4() != (ip.Version == "v4") {
			t.Errorf("the guest has the address %+v", ip)
		}
	}

	before, err := b.GuestUptime(b.ctx, spec.ID)
	b.must("GuestUptime", err)
	mark = b.events.mark()
	asked := time.Now()
	b.must("AgentShutdown to reboot", b.AgentShutdown(b.ctx, spec.ID, true))
	b.expect(mark, spec.ID, host.EventReset)
	b.awaitAgent(spec.ID)
	after, err := b.GuestUptime(b.ctx, spec.ID)
	b.must("GuestUptime after the reboot", err)
	if since := time.Since(asked); before <= 0 || after >= since {
		t.Errorf("before the reboot the guest had lived for %v, and %v after it for %v", before, since, after)
	}
	for _, e := range b.events.list()[mark:] {
		if e.Guest == spec.ID && (e.Kind == host.EventStarted || e.Kind == host.EventStopped) {
			t.Errorf("a reboot ended or started QEMU: %+v", e)
		}
	}
}

func selfPowerOffIsToldApart(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.bootUp("self")
	mark := b.events.mark()
	b.must("AgentShutdown", b.AgentShutdown(b.ctx, spec.ID, false))
	b.expect(mark, spec.ID, host.EventShuttingDown)
	if e := b.expect(mark, spec.ID, host.EventStopped); e.End != host.EndShutdown {
		t.Errorf("the event says that it ended by %q", e.End)
	}
	b.wantOff(spec.ID, host.EndShutdown)
	// Destroying what is off changes no reason.
	b.must("Destroy", b.Destroy(b.ctx, spec.ID))
	b.wantOff(spec.ID, host.EndShutdown)

	// And the guest can be started again, its definition being replaced.
	spec.Epoch++
	spec.Paused = true
	b.must("Boot", b.Boot(b.ctx, spec))
	b.wantItself(b.wantState(spec.ID, host.Paused), spec)
}
