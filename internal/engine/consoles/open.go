package consoles

import (
	"context"
	"crypto/subtle"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"vireo/internal/audit"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/rfb"
)

// Connection is somebody who sits before a guest.
type Connection struct {
	room   *Room
	pass   *pass
	remote string
	// ticket is the one that a display was opened with; nil for a serial console.
	ticket *ticket
	stream io.ReadWriteCloser

	ctx  context.Context
	end  context.CancelCauseFunc
	used atomic.Bool
	once sync.Once
}

// Why connections end, as their users are told.
var (
	errClosing    = errors.New("the engine is shutting down")
	errGone       = errors.New("the VM is not running any more")
	errReplaced   = errors.New("another ticket was set")
	errLoggedOut  = errors.New("the session has ended")
	errForbidden  = errors.New("the permission was taken away")
	errIdle       = errors.New("nothing was typed for too long")
	errTooLong    = errors.New("it has lasted as long as it may")
	errHandshake  = errors.New("the viewer did not say who it is in time")
	errDisconnect = errors.New("it was closed")
)

// Open makes the connection that a pass is for. The pass is used up, whatever comes of
// it. The stream to the console is open when Open returns; the caller then calls
// [Connection.Serve], or [Connection.Close]. The error is a *fault.Fault.
func (r *Room) Open(ctx context.Context, vm model.ID, console host.Console, token, remote string) (*Connection, error) {
	used, good := r.passes.use(token)
	if !good || used.vm != vm || used.console != console {
		return nil, fault.New(fault.NoPass)
	}
	c := &Connection{room: r, pass: used, remote: remote}
	// It outlasts the request that opens it.
	c.ctx, c.end = context.WithCancelCause(context.WithoutCancel(ctx))
	if console == host.ConsoleDisplay {
		c.ticket = r.tickets.of(vm)
		if c.ticket == nil || c.ticket.User != used.caller.User || used.ticket != nil && used.ticket != c.ticket {
			return nil, fault.New(fault.NoTicket)
		}
	}
	if err := c.stands(); err != nil {
		return nil, fault.New(fault.NoPass).Because(err)
	}
	if !r.enter(c) {
		return nil, fault.New(fault.TooManyConsoles)
	}
	if err := c.dial(ctx); err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// dial opens the stream to the console, within the time of a call to a host.
func (c *Connection) dial(ctx context.Context) error {
	vm, known := c.room.Inventory.VMs.Get(c.pass.vm)
	if !known {
		return fault.New(fault.NoPass)
	}
	verb := map[host.Console]string{host.ConsoleDisplay: "connect to the display of", host.ConsoleSerial: "connect to the serial console of"}[c.pass.console]
	conn, err := c.room.Machines.Connected(vm.Run.Host)
	if err != nil {
		return fault.New(fault.HostSilent, verb, c.room.HostName(vm.Run.Host)).Because(err)
	}
	bounded, cancel := context.WithTimeout(ctx, c.room.Values.Duration("HostCallTimeout"))
	defer cancel()
	guest, err := conn.Guest(bounded, vm.ID)
	if err == nil && !c.room.Owns(vm, guest) {
		return fault.New(fault.NoPass)
	}
	if err == nil {
		c.stream, err = conn.DialConsole(bounded, vm.ID, c.pass.console)
	}
	if errors.Is(err, host.ErrUnreachable) {
		return fault.New(fault.HostSilent, verb, c.room.HostName(vm.Run.Host)).Because(err)
	}
	return c.room.HostFault(verb, vm.Run.Host, err)
}

// Close ends the connection.
func (c *Connection) Close() {
	c.once.Do(func() {
		c.end(errDisconnect)
		if c.stream != nil {
			_ = c.stream.Close() // it is over either way
		}
		c.room.leave(c)
	})
}

// stands says why the connection has to end, if it has.
func (c *Connection) stands() error {
	switch vm, known := c.room.Inventory.VMs.Get(c.pass.vm); {
	case !known || vm.Run.Epoch != c.pass.epoch || vm.Run.Status == model.StatusDown:
		return errGone
	case !c.room.Sessions.Stands(c.pass.caller, c.used.Swap(false)):
		return errLoggedOut
	}
	permit := connect
	if c.pass.console == host.ConsoleSerial {
		permit = connectSerial
	}
	if !c.room.Permits(&c.pass.caller, permit, model.Ref{Kind: model.KindVM, ID: c.pass.vm}) {
		return errForbidden
	}
	if c.ticket != nil {
		select {
		case <-c.ticket.over:
			return errReplaced
		default:
		}
	}
	return nil
}

// admit asks the viewer of a display for the whole ticket, and enters the display with
// what it looks at.
func (c *Connection) admit(viewer io.ReadWriter) error {
	return rfb.Admit(viewer, func(_, password string) error {
		if subtle.ConstantTimeCompare([]byte(password), []byte(c.ticket.Value)) != 1 {
			return errTicket
		}
		if !c.ticket.Ends.IsZero() && !time.Now().Before(c.ticket.Ends) {
			return errTicket
		}
		err := rfb.Enter(c.stream, c.ticket.Value)
		if err != nil && !errors.Is(err, rfb.ErrPassword) && c.ctx.Err() == nil {
			return fault.New(fault.DisplayClosed).Because(err)
		}
		return err
	})
}

// closedBecause is why a display lets nobody in, as it may be told.
func closedBecause(err error) string {
	if refused, ok := errors.AsType[*host.RefusedError](err); ok {
		return refused.Reason
	}
	return "it does not answer as a VNC display does"
}

// errTicket says that a viewer did not know the ticket, or that it has ended.
var errTicket = errors.New("the ticket is wrong or has ended")

func (c *Connection) tell(code audit.Code, detail string) {
	// A connection that ends with its engine is told of too.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), 10*time.Second)
	defer cancel()
	err := c.room.Inventory.Update(ctx, func(tx *inventory.Tx) error {
		about := audit.About{
			User: c.pass.caller.User, UserName: c.pass.caller.Name, Address: c.remote, Detail: detail,
		}
		vm, known := tx.VMs.Get(c.pass.vm)
		if !known {
			return nil // it was removed, and its events with it
		}
		about.VM = vm
		tx.Event(audit.New(code, about))
		return nil
	})
	if err != nil {
		c.room.Log.WarnContext(ctx, "a connection to a console could not be told of", "vm", c.pass.vm, "code", int(code), "err", err)
	}
}
