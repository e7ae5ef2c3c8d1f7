package rest

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// handshakeTimeout bounds how long a client may take to begin.
const handshakeTimeout = 10 * time.Second

// AllowExpect wraps a listener so that clients may send Expect: 201-created
// (api-v3 1.4), which net/http answers with 417 over HTTP/1.1 before any handler
// is asked. On its way the header gets the name X-Ovirt-Expect, which means the
// same. Connections that speak HTTP/2 are left as they are, since there the
// header arrives. The listener may be of TLS or plain; requests over the wrapped
// HTTP/1.1 connections have no Request.TLS.
func AllowExpect(inner net.Listener) net.Listener {
	l := &expectListener{Listener: inner, ready: make(chan net.Conn), closed: make(chan struct{}), failed: make(chan error, 1)}
	l.work.Go(l.accept)
	return l
}

// expectListener shakes hands before it hands connections out, because what a
// connection speaks is known only then.
type expectListener struct {
	net.Listener
	ready  chan net.Conn
	failed chan error
	closed chan struct{}
	once   sync.Once
	work   sync.WaitGroup
}

// Accept gives the next connection that has shaken hands.
func (l *expectListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.ready:
		return conn, nil
	case err := <-l.failed:
		l.failed <- err // for the next call
		return nil, err
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close stops listening, and ends the handshakes under way.
func (l *expectListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	err := l.Listener.Close()
	l.work.Wait()
	return err
}

func (l *expectListener) accept() {
	for {
		conn, err := l.Listener.Accept()
		if temporary, ok := errors.AsType[net.Error](err); ok && temporary.Timeout() {
			continue
		}
		if err != nil {
			l.failed <- err
			return
		}
		l.work.Go(func() { l.greet(conn) })
	}
}

func (l *expectListener) greet(conn net.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), handshakeTimeout)
	defer cancel()
	secure, isTLS := conn.(*tls.Conn)
	if isTLS {
		go func() {
			select {
			case <-l.closed:
				cancel()
			case <-ctx.Done():
			}
		}()
		if err := secure.HandshakeContext(ctx); err != nil {
			refuseHandshake(conn, err)
			return
		}
	}
	if !isTLS || secure.ConnectionState().NegotiatedProtocol != "h2" {
		conn = &expectConn{Conn: conn}
	}
	select {
	case l.ready <- conn:
	case <-l.closed:
		_ = conn.Close()
	}
}

// refuseHandshake tells people who speak plain HTTP to a TLS port what is wrong.
func refuseHandshake(conn net.Conn, err error) {
	if wrong, ok := errors.AsType[tls.RecordHeaderError](err); ok && wrong.Conn != nil {
		_, _ = io.WriteString(wrong.Conn, "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n")
	}
	_ = conn.Close()
}

// expectConn is a connection whose requests are looked at as they are read.
type expectConn struct {
	net.Conn
	filter expectFilter
	ready  []byte
	buffer []byte
	err    error
}

// Read reads what the client sends, with its Expect headers renamed.
func (c *expectConn) Read(p []byte) (int, error) {
	for len(c.ready) == 0 && c.err == nil {
		if c.buffer == nil {
			c.buffer = make([]byte, 4096)
		}
		n, err := c.Conn.Read(c.buffer)
		c.ready = c.filter.push(c.ready[:0], c.buffer[:n])
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
			if len(c.ready) == 0 {
				return 0, err // a deadline does not end the connection
			}
			break
		}
		if err != nil {
			c.ready = c.filter.end(c.ready)
			c.err = err
		}
	}
	if len(c.ready) == 0 && len(p) > 0 {
		return 0, c.err
	}
	n := copy(p, c.ready)
	c.ready = c.ready[n:]
	return n, nil
}
