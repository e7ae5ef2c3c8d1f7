package libvirt

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// proxy stands between a driver and a daemon's socket, to lose connections or to
// stop carrying anything without harm to the daemon.
type proxy struct {
	listener net.Listener
	path     string
	to       []string

	mu     sync.Mutex
	conns  map[net.Conn]bool
	frozen chan struct{}
}

func newProxy(t *testing.T, to ...string) *proxy {
	t.Helper()
	directory, err := os.MkdirTemp("", "proxy") //nolint:usetesting // the path of a socket has a limit, which the name of a test exceeds
	must(t, err)
	p := &proxy{path: filepath.Join(directory, "s"), to: to, conns: map[net.Conn]bool{}, frozen: make(chan struct{})}
	p.listener, err = net.Listen("unix", p.path)
	must(t, err)
	close(p.frozen)
	go p.accept()
	t.Cleanup(func() {
		p.thaw()
		p.listener.Close()
		p.cut()
		os.RemoveAll(directory)
	})
	return p
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := dialFirst(context.Background(), p.to)
		if err != nil {
			client.Close()
			continue
		}
		p.mu.Lock()
		p.conns[client], p.conns[server] = true, true
		p.mu.Unlock()
		go p.carry(server, client)
		go p.carry(client, server)
	}
}

func (p *proxy) carry(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		p.mu.Lock()
		frozen := p.frozen
		p.mu.Unlock()
		<-frozen
		if _, writeErr := to.Write(buffer[:n]); err != nil || writeErr != nil {
			return
		}
	}
}

// cut loses all connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		conn.Close()
		delete(p.conns, conn)
	}
}

// freeze carries nothing until thaw, and keeps the connections open.
func (p *proxy) freeze() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frozen = make(chan struct{})
}

func (p *proxy) thaw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.frozen:
	default:
		close(p.frozen)
	}
}
