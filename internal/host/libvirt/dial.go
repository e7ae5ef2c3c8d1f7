package libvirt

import (
	"context"
	"net"

	"github.com/digitalocean/go-libvirt/socket/dialers"
)

// dial opens the byte stream to the daemon.
func dial(ctx context.Context, t target) (net.Conn, error) {
	switch t.transport {
	case transportSSH:
		return dialSSH(ctx, t)
	case transportTLS:
		return dialTLS(ctx, t)
	case transportTCP:
		return new(net.Dialer).DialContext(ctx, "tcp", t.hostPort())
	default:
		return dialLocal(ctx, t)
	}
}

// dialTLS connects with the certificates where libvirt's own clients have them
// (/etc/pki, or pkipath in the address). The peer's certificate is always checked.
func dialTLS(ctx context.Context, t target) (net.Conn, error) {
	var options []dialers.TLSOption
	if t.port != "" {
		options = append(options, dialers.UseTLSPort(t.port))
	}
	if t.pkiPath != "" {
		options = append(options, dialers.UsePKIPath(t.pkiPath))
	}
	return within(ctx, dialers.NewTLS(t.host, options...).Dial)
}

// within runs a dialer that knows no context; a connection that comes too late
// is closed.
func within(ctx context.Context, dial func() (net.Conn, error)) (net.Conn, error) {
	type result struct {
		conn net.Conn
		err  error
	}
	done := make(chan result, 1)
	go func() {
		conn, err := dial()
		done <- result{conn, err}
	}()
	select {
	case r := <-done:
		return r.conn, r.err
	case <-ctx.Done():
		go func() {
			if r := <-done; r.conn != nil {
				r.conn.Close()
			}
		}()
		return nil, ctx.Err()
	}
}
