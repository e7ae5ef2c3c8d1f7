package libvirt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"libvirt.org/go/libvirtxml"

	"vireo/internal/rfb"
)

// throwOffTime bounds the visit to a display. A display that cannot be reached
// from here costs no more than that.
const throwOffTime = 3 * time.Second

// throwOff enters a VNC display alone: QEMU then ends all other connections to
// it (its default share policy, allow-exclusive).
func (h *hypervisor) throwOff(ctx context.Context, display *libvirtxml.DomainGraphicVNC) error {
	ctx, cancel := context.WithTimeout(ctx, throwOffTime)
	defer cancel()
	conn, err := h.dialDisplay(ctx, listenAddress(display.Listen, display.Listeners), strconv.Itoa(display.Port))
	if err != nil {
		return fmt.Errorf("reaching the display: %w", err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if err := rfb.Enter(conn, display.Passwd); err != nil {
		return err
	}
	if err := rfb.Show(conn, false); err != nil {
		return err
	}
	return leave(conn)
}

// leave ends a connection and waits until the other side has ended it too: as
// long as QEMU holds a viewer that came alone it refuses those who would share.
func leave(conn net.Conn) error {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		if err := half.CloseWrite(); err != nil {
			return fmt.Errorf("leaving the display: %w", err)
		}
		if _, err := io.Copy(io.Discard, conn); err != nil {
			return fmt.Errorf("leaving the display: %w", err)
		}
	}
	return nil
}

// errOwnHost says that a display listens on its host alone, and nothing leads there.
var errOwnHost = errors.New("it listens on its host alone")

// dialDisplay connects to what listens on the host: from the engine's own machine,
// or through the host's ssh server. Over the other transports only what listens to
// the network can be reached.
func (h *hypervisor) dialDisplay(ctx context.Context, address, port string) (net.Conn, error) {
	ip := net.ParseIP(address)
	everywhere := address == "" || ip.IsUnspecified()
	remote := !h.target.local() && h.target.transport != transportSSH
	switch {
	case remote && ip.IsLoopback():
		return nil, errOwnHost
	case remote && everywhere:
		address = h.target.host
	case everywhere:
		address = "localhost"
	}
	at := net.JoinHostPort(address, port)
	if h.target.transport != transportSSH {
		return new(net.Dialer).DialContext(ctx, "tcp", at)
	}
	client, err := sshClient(ctx, h.target)
	if err != nil {
		return nil, err
	}
	stream, err := client.DialContext(ctx, "tcp", at)
	if err != nil {
		client.Close()
		return nil, err
	}
	return &sshStream{Conn: stream, client: client}, nil
}
