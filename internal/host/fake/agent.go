package fake

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"vireo/internal/host"
	"vireo/internal/model"
)

// AgentPing returns when the agent has answered.
func (c *connection) AgentPing(ctx context.Context, id model.ID) error {
	return c.agent(ctx, "AgentPing", id, func(*guest) {})
}

// AgentShutdown asks the guest to power off, or to reboot.
func (c *connection) AgentShutdown(ctx context.Context, id model.ID, reboot bool) error {
	return c.agent(ctx, "AgentShutdown", id, func(g *guest) {
		switch {
		case c.world.behavior(g).IgnoreAgent:
		case reboot:
			g.leave(g.reset)
		default:
			g.leave(g.powerOff)
		}
	})
}

// GuestInfo makes up what a guest of that name would say.
func (c *connection) GuestInfo(ctx context.Context, id model.ID) (live model.Live, err error) {
	err = c.agent(ctx, "GuestInfo", id, func(g *guest) { live = g.info() })
	return live, err
}

// GuestUptime is the time that the software inside has lived.
func (c *connection) GuestUptime(ctx context.Context, id model.ID) (uptime time.Duration, err error) {
	err = c.agent(ctx, "GuestUptime", id, func(g *guest) { _, uptime = g.times() })
	return uptime, err
}

// agent does something through the agent; one that hangs is waited for.
func (c *connection) agent(ctx context.Context, name string, id model.ID, do func(*guest)) error {
	return c.call(ctx, name, id, "", func() (*operation, error) {
		g, err := c.machine.find(id)
		switch {
		case err != nil:
			return nil, err
		case !g.alive():
			return nil, notNow(g)
		case g.state != host.Running || !g.agent:
			return nil, Refuse(host.RefusedAgent, "the guest agent is not connected")
		case g.frozen && !slices.Contains(whileFrozen, name):
			return nil, Refuse(host.RefusedAgent, "the guest agent does nothing else while it is frozen")
		case c.world.behavior(g).AgentHangs:
			op := newOperation()
			c.world.after(c.world.options.AgentTimeout, func() {
				op.finish(Refuse(host.RefusedAgent, "the guest agent does not answer"))
			})
			return op, nil
		}
		do(g)
		return nil, nil
	})
}

func (g *guest) info() model.Live {
	live := model.Live{
		FQDN: label(g.spec.Name) + ".guests.example.org",
		OS: &model.GuestOS{
			Architecture: "x86_64", Codename: "bookworm", Distribution: "Debian GNU/Linux",
			Family: "Linux", Version: "12", Kernel: "6.1.0-fake-amd64",
		},
		TimeZone:   &model.GuestTimeZone{Name: "UTC", UTCOffset: "+00:00"},
		AgentAlive: true,
	}
	for i, nic := range g.nics {
		device := model.GuestDevice{Name: fmt.Sprintf("eth%d", i), MAC: nic.MAC}
		if nic.Linked && (nic.User || nic.Network != "" || nic.Bridge != "") {
			device.IPs = []model.GuestIP{address(nic)}
			live.IPs = append(live.IPs, device.IPs...)
		}
		live.Devices = append(live.Devices, device)
	}
	return live
}

// address is the lease that a NIC of that MAC would be given.
func address(nic host.NICSpec) model.GuestIP {
	if nic.User {
		return model.GuestIP{Address: "10.0.2.15", Version: "v4"}
	}
	h := fnv.New32a()
	h.Write([]byte(nic.MAC))
	sum := h.Sum32()
	return model.GuestIP{Address: fmt.Sprintf("10.%d.%d.%d", 128+sum>>16%64, sum>>8%256, 2+sum%250), Version: "v4"}
}

// label makes a host name of a guest's name.
func label(name string) string {
	text := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, name)
	if text = strings.Trim(text, "-"); text == "" {
		return "guest"
	}
	return text
}
