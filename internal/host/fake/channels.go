package fake

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"vireo/internal/host"
	"vireo/internal/model"
)

// channel is the way to the engine's own agent in a guest. What the agent says is handed
// on by a goroutine that lives while there is something to say: nobody is called with the
// world's lock held.
type channel struct {
	guest *guest
	from  *connection
	hear  func([]byte)
	done  chan struct{}
	// waiting is what was said and not yet heard; talking says that somebody hands it on.
	waiting [][]byte
	talking bool
	over    bool
	// partial is the begin of a line that was sent.
	partial []byte
}

// heartbeats is how often an agent gives a sign of life (api-v3 3.8).
const heartbeats = 5 * time.Second

// OpenChannel opens the channel; the one before is closed.
func (c *connection) OpenChannel(ctx context.Context, id model.ID, hear func([]byte)) (host.Channel, error) {
	var opened *channel
	err := c.live(ctx, "OpenChannel", id, func(g *guest) error {
		if g.there != nil {
			return notNow(g)
		}
		g.endChannel()
		opened = &channel{guest: g, from: c, hear: hear, done: make(chan struct{})}
		g.channel = opened
		c.channels[opened] = true
		g.talk()
		return nil
	})
	if err != nil {
		if opened != nil { // it was opened, and the answer was lost
			_ = opened.Close()
		}
		return nil, err
	}
	return opened, nil
}

// talk lets the guest's agent say what it says when it begins, and then heartbeats.
func (g *guest) talk() {
	opened := g.channel
	if opened == nil {
		return
	}
	if g.talks() {
		for _, line := range greeting(g.info()) {
			opened.say([]byte(line + "\n"))
		}
	}
	g.beat(opened)
}

// talks says whether there is an agent that speaks now.
func (g *guest) talks() bool {
	return g.state == host.Running && g.booted && g.machine.world.behavior(g).EngineAgent
}

func (g *guest) beat(opened *channel) {
	if g.channel != opened {
		return
	}
	if g.talks() {
		opened.say([]byte(`{"__name__":"heartbeat","free-ram":"100","memory-stat":{"mem_total":"1048576","mem_unused":"524288","mem_cached":"65536","mem_buffers":"32768"},"apiVersion":2}` + "\n"))
	}
	g.beating.stop()
	g.beating.timer = g.machine.world.after(heartbeats, func() { g.beat(opened) })
}

// beating is the next heartbeat.
type beating struct{ timer *time.Timer }

func (b *beating) stop() {
	if b.timer != nil {
		b.timer.Stop()
	}
}

// greeting is what an agent says of a guest.
func greeting(info model.Live) []string {
	lines := []string{
		fmt.Sprintf(`{"__name__":"fqdn","fqdn":%q}`, info.FQDN),
		`{"__name__":"applications","applications":["fake-agent-1.0","fake-kernel-6.1"]}`,
		`{"__name__":"active-user","name":"jim"}`,
	}
	var interfaces []map[string]any
	for _, device := range info.Devices {
		one := map[string]any{"name": device.Name, "hw": device.MAC}
		for _, ip := range device.IPs {
			one["inet"] = []string{ip.Address}
		}
		interfaces = append(interfaces, one)
	}
	if text, err := json.Marshal(map[string]any{"__name__": "network-interfaces", "interfaces": interfaces}); err == nil {
		lines = append(lines, string(text))
	}
	return lines
}

// say hands on what the guest says. The world's lock is held.
func (c *channel) say(text []byte) {
	if c.over {
		return
	}
	c.waiting = append(c.waiting, text)
	if c.talking {
		return
	}
	c.talking = true
	go func() {
		for {
			c.guest.machine.world.mu.Lock()
			if len(c.waiting) == 0 || c.over {
				c.talking, c.waiting = false, nil
				c.guest.machine.world.mu.Unlock()
				return
			}
			next := c.waiting[0]
			c.waiting = c.waiting[1:]
			c.guest.machine.world.mu.Unlock()
			c.hear(next)
		}
	}()
}

// Send gives the guest's agent lines, which it keeps, and obeys to where it is told to
// shut down or to say something.
func (c *channel) Send(ctx context.Context, data []byte) error {
	if err := c.from.call(ctx, "Send", c.guest.spec.ID, "", func() (*operation, error) {
		if c.over {
			return nil, fmt.Errorf("the channel has ended: %w", host.ErrUnreachable)
		}
		c.partial = append(c.partial, data...)
		for {
			line, rest, ended := bytes.Cut(c.partial, []byte("\n"))
			if !ended {
				return nil, nil
			}
			c.partial = rest
			if c.guest.talks() {
				c.guest.obey(string(line))
			}
		}
	}); err != nil {
		return err
	}
	return nil
}

func (g *guest) obey(line string) {
	g.told = append(g.told, line)
	var order struct {
		Name   string `json:"__name__"`
		Reboot string `json:"reboot"`
	}
	if json.Unmarshal([]byte(line), &order) != nil {
		return
	}
	switch {
	case order.Name == "echo":
		g.channel.say([]byte(line + "\n"))
	case order.Name == "refresh":
		g.talk()
	case order.Name != "shutdown" || g.machine.world.behavior(g).IgnoreAgent:
	case strings.EqualFold(order.Reboot, "true"):
		g.leave(g.reset)
	default:
		g.leave(g.powerOff)
	}
}

// Done is closed at the end.
func (c *channel) Done() <-chan struct{} { return c.done }

// Close ends the channel.
func (c *channel) Close() error {
	c.guest.machine.world.mu.Lock()
	defer c.guest.machine.world.mu.Unlock()
	c.end()
	return nil
}

func (c *channel) end() {
	if c.over {
		return
	}
	c.over = true
	delete(c.from.channels, c)
	if c.guest.channel == c {
		c.guest.channel = nil
	}
	close(c.done)
}

// endChannel ends the guest's channel with its QEMU, or because it has gone elsewhere.
func (g *guest) endChannel() {
	if g.channel != nil {
		g.channel.end()
	}
	g.beating.stop()
}

// Say lets the engine's own agent in a guest say something, whatever it is, on the channel
// if one is open.
func (m *Machine) Say(name string, text []byte) {
	m.inside(name, func(g *guest) {
		if g.channel != nil {
			g.channel.say(slices.Clone(text))
		}
	})
}

// Told lists the lines that the engine's own agent in a guest was told.
func (m *Machine) Told(name string) []string {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	return slices.Clone(m.guest(name).told)
}

// HasChannel says whether somebody has the channel to the agent in a guest open; a guest
// that is not there, by name or id, has none.
func (m *Machine) HasChannel(name string) bool {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	id, named := m.names[name]
	if !named {
		id = model.ID(name)
	}
	g := m.guests[id]
	return g != nil && g.channel != nil
}
