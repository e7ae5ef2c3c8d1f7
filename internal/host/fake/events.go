package fake

import (
	"context"

	"vireo/internal/host"
)

// Watch returns the events of all guests from now on.
func (c *connection) Watch(ctx context.Context) (<-chan host.Event, error) {
	out := make(chan host.Event)
	err := c.call(ctx, "Watch", "", "", func() (*operation, error) {
		if c.watched {
			return nil, Refuse(host.RefusedState, "this connection is watched already")
		}
		c.watched = true
		return nil, nil
	})
	if err != nil {
		return nil, err
	}
	go c.pump(out)
	return out, nil
}

// pump hands events on to their reader, who may be slow: the world never waits
// for one. It ends with the connection.
func (c *connection) pump(out chan<- host.Event) {
	defer close(out)
	for {
		for _, e := range c.take() {
			select {
			case out <- e:
			case <-c.done:
				return
			}
		}
		select {
		case <-c.bell:
		case <-c.done:
			return
		}
	}
}

// take empties the queue, unless the machine is mute: then events wait too.
func (c *connection) take() []host.Event {
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	if c.machine.mute != nil {
		return nil
	}
	events := c.queue
	c.queue = nil
	return events
}

func (c *connection) deliver(e host.Event) {
	if !c.watched {
		return
	}
	c.queue = append(c.queue, e)
	c.wake()
}

func (c *connection) wake() {
	select {
	case c.bell <- struct{}{}:
	default:
	}
}
