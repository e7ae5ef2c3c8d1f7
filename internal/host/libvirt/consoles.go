package libvirt

import (
	"context"
	"errors"
	"io"
	"strconv"
	"sync"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"vireo/internal/host"
	"vireo/internal/model"
)

// DialConsole opens a console of a guest: the display at its port, the serial console
// as a stream of the daemon's.
func (h *hypervisor) DialConsole(ctx context.Context, id model.ID, console host.Console) (io.ReadWriteCloser, error) {
	definition, err := h.devices(ctx, id)
	if err != nil {
		return nil, err
	}
	switch console {
	case host.ConsoleDisplay:
		return h.openDisplay(ctx, definition)
	case host.ConsoleSerial:
		if len(definition.Devices.Consoles) == 0 {
			return nil, refuse(host.RefusedUnsupported, "the guest has no serial console")
		}
		return h.openSerial(ctx, id)
	}
	return nil, refuse(host.RefusedUnsupported, "there is no console called %.40q", string(console))
}

func (h *hypervisor) openDisplay(ctx context.Context, definition *libvirtxml.Domain) (io.ReadWriteCloser, error) {
	const doing = "reaching the display"
	for i := range definition.Devices.Graphics {
		address, port := "", 0
		switch graphics := &definition.Devices.Graphics[i]; {
		case graphics.VNC != nil:
			address, port = listenAddress(graphics.VNC.Listen, graphics.VNC.Listeners), graphics.VNC.Port
		case graphics.Spice != nil:
			address, port = listenAddress(graphics.Spice.Listen, graphics.Spice.Listeners), graphics.Spice.Port
		}
		if port <= 0 {
			continue
		}
		conn, err := h.dialDisplay(ctx, address, strconv.Itoa(port))
		switch {
		case err == nil:
			return conn, nil
		case ctx.Err() != nil:
			return nil, gaveUp(ctx, doing)
		case errors.Is(err, errOwnHost):
			return nil, refuse(host.RefusedUnsupported, "the display listens on its host alone, which is reached by %s; reach the host by ssh, or let displays listen on its network", h.target.transport)
		}
		return nil, unreachable(doing, err)
	}
	return nil, refuse(host.RefusedUnsupported, "the guest has no display with a port")
}

// serial is a serial console on a connection of its own: the library lets a stream
// that nobody reads hold up its whole connection, and knows no other way to end one.
type serial struct {
	fromGuest *io.PipeReader
	toGuest   *io.PipeWriter
	end       func()
}

// Read reads what the guest has written.
func (s *serial) Read(to []byte) (int, error) { return s.fromGuest.Read(to) }

// Write types for the guest.
func (s *serial) Write(data []byte) (int, error) { return s.toGuest.Write(data) }

// Close ends the stream: the console is free for others.
func (s *serial) Close() error {
	s.end()
	return nil
}

// openSerial asks for the console on a connection of its own. The daemon's answer is
// not told by the library, but what is typed is read only when it was good.
func (h *hypervisor) openSerial(ctx context.Context, id model.ID) (io.ReadWriteCloser, error) {
	const doing = "opening the serial console"
	line, err := openStreamLink(ctx, h.target)
	if err != nil {
		return nil, err
	}
	typed, toGuest := io.Pipe()
	fromGuest, printed := io.Pipe()
	open := &opening{from: typed, opened: make(chan struct{})}
	ended := make(chan struct{})
	s := &serial{fromGuest: fromGuest, toGuest: toGuest, end: sync.OnceFunc(func() {
		line.close()
		_, _ = typed.Close(), fromGuest.Close() // pipes, which always close
		<-ended
	})}
	failed := make(chan error, 1)
	began := h.inBackground(func() {
		defer close(ended)
		stop := h.closeWithHost(line)
		defer stop()
		err := line.rpc.DomainOpenConsoleBidirectional(domainOf(id), nil, open, printed, 0)
		failed <- err
		_ = printed.Close() // a pipe
		typed.CloseWithError(io.ErrClosedPipe)
		line.close()
		line.wait()
	})
	if !began {
		line.close()
		return nil, unreachable(doing, errClosed)
	}
	select {
	case <-open.opened:
		return s, nil
	case err := <-failed:
		s.end()
		if err == nil {
			return nil, refuse(host.RefusedState, "the serial console has ended")
		}
		return nil, sortOutConsole(doing, err)
	case <-ctx.Done():
		s.end()
		return nil, gaveUp(ctx, doing)
	}
}

// closeWithHost ends a connection with the host's.
func (h *hypervisor) closeWithHost(line *link) (stop func()) {
	over := make(chan struct{})
	go func() {
		select {
		case <-h.done:
			line.close()
		case <-over:
		}
	}()
	return func() { close(over) }
}

// opening tells when it is first read from.
type opening struct {
	from   io.Reader
	opened chan struct{}
	once   sync.Once
}

// Read passes on.
func (o *opening) Read(to []byte) (int, error) {
	o.once.Do(func() { close(o.opened) })
	return o.from.Read(to)
}

// sortOutConsole knows the daemon's answer to whoever comes second.
func sortOutConsole(doing string, err error) error {
	if failure, ok := errors.AsType[libvirt.Error](err); ok && failure.Code == uint32(libvirt.ErrOperationFailed) {
		return refuse(host.RefusedState, "%s: %s", doing, failure.Message)
	}
	return sortOut(doing, err)
}
