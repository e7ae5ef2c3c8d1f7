package fake

import (
	"context"
	"fmt"
	"time"

	"vireo/internal/host"
	"vireo/internal/model"
)

// connection is one driver's line to one machine.
type connection struct {
	world   *World
	machine *Machine
	done    chan struct{}
	lost    bool

	watched bool
	queue   []host.Event
	bell    chan struct{}
	// channels are those that were opened on it and have not ended.
	channels map[*channel]bool
}

// operation is work that a machine goes on with while its caller waits.
type operation struct {
	done chan struct{}
	err  error
}

func newOperation() *operation { return &operation{done: make(chan struct{})} }

func (o *operation) finish(err error) {
	o.err = err
	close(o.done)
}

func (w *World) connect(ctx context.Context, address string) (host.Host, error) {
	w.mu.Lock()
	m := w.machines[address]
	if m == nil && w.options.OpenAddresses && !w.closed {
		m = w.addMachine(MachineSpec{Address: address})
	}
	if m == nil {
		w.mu.Unlock()
		return nil, fmt.Errorf("connecting to %s: no machine there: %w", address, host.ErrUnreachable)
	}
	c := &connection{world: w, machine: m, done: make(chan struct{}), bell: make(chan struct{}, 1), channels: make(map[*channel]bool)}
	m.connections[c] = true
	w.mu.Unlock()
	err := c.call(ctx, "Connect", "", "", func() (*operation, error) {
		if m.down {
			return nil, fmt.Errorf("connection refused: %w", host.ErrUnreachable)
		}
		return nil, nil
	})
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// call is the way of every call: it is recorded, struck by rules, kept waiting
// by a mute machine, done with the world's lock held, and answered.
func (c *connection) call(ctx context.Context, name string, id model.ID, guestName string, do func() (*operation, error)) (err error) {
	w := c.world
	w.mu.Lock()
	if g := c.machine.guests[id]; g != nil && guestName == "" {
		guestName = g.spec.Name
	}
	before, after := w.strikes(c.machine.address, name, id, guestName)
	record := &Call{Host: c.machine.address, Name: name, Guest: id, GuestName: guestName}
	w.record(record)
	w.mu.Unlock()

	defer func() {
		if err != nil {
			err = fmt.Errorf("%s on %s: %w", name, c.machine.address, err)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		record.Ended, record.Error = time.Now(), err
	}()

	if err := c.hear(ctx); err != nil {
		return err
	}
	if err := c.strike(ctx, before); err != nil {
		return c.refused(name, id, err)
	}
	if err := c.perform(ctx, do); err != nil {
		return c.refused(name, id, err)
	}
	if err := c.strike(ctx, after); err != nil {
		return err
	}
	return c.hear(ctx)
}

// hear returns when the machine speaks, or why it does not.
func (c *connection) hear(ctx context.Context) error {
	for {
		c.world.mu.Lock()
		silence := c.machine.mute
		c.world.mu.Unlock()
		if err := c.standing(ctx); err != nil || silence == nil {
			return err
		}
		if err := c.wait(ctx, silence); err != nil {
			return err
		}
	}
}

// standing says whether the context and the connection still hold.
func (c *connection) standing(ctx context.Context) error {
	select {
	case <-c.done:
		return fmt.Errorf("the connection is lost: %w", host.ErrUnreachable)
	default:
	}
	if ctx.Err() != nil {
		return unanswered(ctx)
	}
	return nil
}

// wait waits for something, the context or the end of the connection; nil waits
// for the latter two only.
func (c *connection) wait(ctx context.Context, ready <-chan struct{}) error {
	select {
	case <-ready:
		return nil
	case <-ctx.Done():
		return unanswered(ctx)
	case <-c.done:
		return fmt.Errorf("the connection was lost: %w", host.ErrUnreachable)
	}
}

// unanswered is the error of a call whose context ended first: both the
// context's and ErrUnreachable, as nobody knows whether it was done.
func unanswered(ctx context.Context) error {
	return fmt.Errorf("no answer in time: %w: %w", host.ErrUnreachable, ctx.Err())
}

func (c *connection) strike(ctx context.Context, r *Rule) error {
	if r == nil {
		return nil
	}
	if r.Delay > 0 {
		timer := time.NewTimer(r.Delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return unanswered(ctx)
		case <-c.done:
			return fmt.Errorf("the connection was lost: %w", host.ErrUnreachable)
		}
	}
	if r.Do != nil {
		r.Do()
	}
	if r.Cut {
		_ = c.Close()
	}
	if r.Hang {
		return c.wait(ctx, nil)
	}
	if r.Error != nil {
		return r.Error
	}
	return c.standing(ctx)
}

// perform does the call's work.
func (c *connection) perform(ctx context.Context, do func() (*operation, error)) error {
	op, err := c.begin(do)
	if err != nil || op == nil {
		return err
	}
	if err := c.wait(ctx, op.done); err != nil {
		return err
	}
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	return op.err
}

func (c *connection) begin(do func() (*operation, error)) (*operation, error) {
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	if c.lost {
		return nil, fmt.Errorf("the connection is lost: %w", host.ErrUnreachable)
	}
	return do()
}

// Done is closed when the connection is lost or closed.
func (c *connection) Done() <-chan struct{} { return c.done }

// Close ends the connection; guests run on.
func (c *connection) Close() error {
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	c.lose()
	return nil
}

func (c *connection) lose() {
	if c.lost {
		return
	}
	c.lost = true
	delete(c.machine.connections, c)
	for opened := range c.channels {
		opened.end()
	}
	close(c.done)
}
