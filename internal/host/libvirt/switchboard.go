package libvirt

import (
	"context"
	"net"
	"sync"

	"vireo/internal/host"
	"vireo/internal/model"
)

// switchboard is the one connection that carries the channels to the agents of all guests
// of a host, beside the calls that the client library makes to open it: hundreds of
// connections, each with its own login by ssh, would be too many for host and engine. It
// is opened for the first channel, and again when it was lost.
type switchboard struct {
	// dialling holds one token: one connection is opened at a time.
	dialling chan struct{}

	mu     sync.Mutex
	trunk  *trunk
	closed bool
	wait   sync.WaitGroup
}

func (s *switchboard) init() { s.dialling = make(chan struct{}, 1) }

// OpenChannel opens a stream of the daemon's that is read as it comes.
func (h *hypervisor) OpenChannel(ctx context.Context, id model.ID, hear func([]byte)) (host.Channel, error) {
	const doing = "opening the channel to the agent of the guest"
	definition, err := h.devices(ctx, id)
	if err != nil {
		return nil, err
	}
	there := false
	for i := range definition.Devices.Channels {
		target := definition.Devices.Channels[i].Target
		there = there || target != nil && target.VirtIO != nil && target.VirtIO.Name == host.AgentPort
	}
	if !there {
		return nil, refuse(host.RefusedUnsupported, "the guest has no port %s", host.AgentPort)
	}
	line, err := h.switchboard.connect(ctx, h.target)
	if err != nil {
		if ctx.Err() != nil {
			return nil, gaveUp(ctx, doing)
		}
		return nil, err
	}
	opened, err := line.open(ctx, id, hear)
	if ctx.Err() != nil && err != nil {
		return nil, gaveUp(ctx, doing)
	}
	if err != nil {
		return nil, sortOutConsole(doing, err)
	}
	return opened, nil
}

// connect gives the connection, opening it if need be.
func (s *switchboard) connect(ctx context.Context, t target) (*trunk, error) {
	select {
	case s.dialling <- struct{}{}:
		defer func() { <-s.dialling }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	s.mu.Lock()
	line, closed := s.trunk, s.closed
	s.mu.Unlock()
	switch {
	case closed:
		return nil, unreachable("connecting", errClosed)
	case line != nil:
		return line, nil
	}
	var made *trunk
	l, err := openLinkOver(ctx, t, func(conn *guardedConn) net.Conn {
		made = newTrunk(conn)
		return made
	})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		l.close()
		l.wait()
		return nil, unreachable("connecting", errClosed)
	}
	s.trunk = made
	made.hangUp = l.close
	s.wait.Go(func() {
		l.wait()
		s.mu.Lock()
		s.trunk = nil
		s.mu.Unlock()
		made.fail()
	})
	return made, nil
}

// close ends the connection, and with it all channels; no more are opened.
func (s *switchboard) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.trunk != nil {
		s.trunk.hangUp()
	}
}
