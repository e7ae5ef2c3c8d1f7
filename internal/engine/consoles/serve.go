package consoles

import (
	"context"
	"errors"
	"io"
	"time"

	"vireo/internal/audit"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/rfb"
)

const (
	// handshakeTime is how long a viewer may take to say its ticket.
	handshakeTime = 30 * time.Second
	// standing is how often a connection is asked whether it may go on.
	standing = 2 * time.Second
	// atOnce is how many bytes are on their way in each direction.
	atOnce = 32 << 10
)

// Client is the stream to a viewer.
type Client interface {
	io.ReadWriter
	// End tells the viewer why, closes the stream, and lets those who read it go on. It
	// may be called again.
	End(why error)
}

// Serve joins a client with the console until either has enough, or the connection has
// to end; then it closes both and says why. Over a client that is too slow to read, the
// console waits.
func (c *Connection) Serve(client Client) (err error) {
	defer c.Close()
	// What waits for a byte is woken by the end of the streams.
	woken := make(chan struct{})
	wake := context.AfterFunc(c.ctx, func() {
		defer close(woken)
		_ = c.stream.Close() // it is over either way
		client.End(context.Cause(c.ctx))
	})
	defer func() {
		if wake() {
			client.End(err)
			return
		}
		<-woken
	}()
	if c.pass.console == host.ConsoleDisplay {
		late := time.AfterFunc(handshakeTime, func() { c.end(errHandshake) })
		err := c.admit(client)
		if !late.Stop() {
			return errHandshake
		}
		if errors.Is(err, errTicket) || errors.Is(err, rfb.ErrPassword) {
			c.tell(audit.ConsoleRefused, string(c.pass.console))
		}
		if f, closed := errors.AsType[*fault.Fault](err); closed {
			c.tell(audit.DisplayClosed, closedBecause(f))
		}
		if err != nil {
			return err
		}
	}
	name := map[host.Console]string{host.ConsoleDisplay: "display", host.ConsoleSerial: "serial console"}[c.pass.console]
	c.tell(audit.ConsoleConnected, name)
	err = c.relay(client)
	c.tell(audit.ConsoleDisconnected, name+": "+err.Error())
	c.left(err)
	return err
}

// relay carries bytes both ways, and looks after whether it may.
func (c *Connection) relay(client io.ReadWriter) error {
	done := make(chan struct{}, 2)
	carry := func(to io.Writer, from io.Reader, typed bool) {
		defer func() { done <- struct{}{} }()
		buffer := make([]byte, atOnce)
		for {
			n, err := from.Read(buffer)
			if n > 0 {
				if typed {
					c.used.Store(true)
				}
				if _, err := to.Write(buffer[:n]); err != nil {
					break
				}
			}
			if err != nil {
				break
			}
		}
		c.end(errDisconnect)
	}
	go carry(c.stream, client, true)
	go carry(client, c.stream, false)
	c.look()
	<-done
	<-done
	return context.Cause(c.ctx)
}

// look returns when the connection has ended, and ends it when it may not go on.
func (c *Connection) look() {
	tick := time.NewTicker(standing)
	defer tick.Stop()
	var replaced <-chan struct{}
	if c.ticket != nil {
		replaced = c.ticket.over
	}
	idle, longest := c.room.Values.Duration("ConsoleIdleTimeout"), c.room.Values.Duration("ConsoleHardLimit")
	began := time.Now()
	used := began
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-replaced:
			c.end(errReplaced)
			return
		case now := <-tick.C:
			if c.used.Load() {
				used = now
			}
			err := c.stands()
			switch {
			case err != nil:
			case now.Sub(used) >= idle:
				err = errIdle
			case now.Sub(began) >= longest:
				err = errTooLong
			}
			if err != nil {
				c.end(err)
				return
			}
		}
	}
}
