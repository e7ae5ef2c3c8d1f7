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
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer func() { stop(); _ = conn.Close() }() // it is over either way
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
	half, ok := conn.(interface{ CloseWrite() error })
	if !ok {
		return nil
	}
	if err := half.CloseWrite(); err != nil {
		return fmt.Errorf("leaving the display: %w", err)
	}
	// QEMU ends TLS with its connection, without a word before.
	if _, err := io.Copy(io.Discard, conn); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("leaving the display: %w", err)
	}
	return nil
}
