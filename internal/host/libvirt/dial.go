package libvirt

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/digitalocean/go-libvirt/socket/dialers"

	"vireo/internal/host"
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

// dialTLS connects with the engine's certificate, or with the files in the pkipath of
// the address or where libvirt's own clients have them. The peer's certificate is
// always checked.
func dialTLS(ctx context.Context, t target) (net.Conn, error) {
	if t.pkiPath == "" && t.tls != nil {
		config, err := t.tls()
		if err != nil {
			return nil, fmt.Errorf("reading the engine's certificates: %w", err)
		}
		conn, err := handshake(ctx, t, config)
		return conn, refusedTLS(t, err)
	}
	var options []dialers.TLSOption
	if t.port != "" {
		options = append(options, dialers.UseTLSPort(t.port))
	}
	if t.pkiPath != "" {
		options = append(options, dialers.UsePKIPath(t.pkiPath))
	}
	conn, err := within(ctx, dialers.NewTLS(t.host, options...).Dial)
	return conn, refusedTLS(t, err)
}

// errTurnedAway says that the daemon has not accepted the engine's certificate.
var errTurnedAway = errors.New("the daemon does not accept the certificate")

// handshake ends when the daemon has said, by one byte, what it thinks of the engine's
// certificate (virNetServerClient in libvirt).
func handshake(ctx context.Context, t target, config *tls.Config) (net.Conn, error) {
	plain, err := new(net.Dialer).DialContext(ctx, "tcp", t.hostPort())
	if err != nil {
		return nil, err
	}
	named := config.Clone()
	named.ServerName = t.host
	conn := tls.Client(plain, named)
	stop := context.AfterFunc(ctx, func() { plain.Close() })
	err = conn.HandshakeContext(ctx)
	verdict := make([]byte, 1)
	if err == nil {
		_, err = io.ReadFull(conn, verdict)
		if errors.Is(err, io.EOF) || err == nil && verdict[0] != 1 {
			err = errTurnedAway
		}
	}
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		plain.Close()
		return nil, err
	}
	return conn, nil
}

// refusedTLS tells apart why there is no connection: the wrong machine, a machine that
// does not let the engine in, or none that answers.
func refusedTLS(t target, err error) error {
	_, wrong := errors.AsType[*tls.CertificateVerificationError](err)
	_, alert := errors.AsType[tls.AlertError](err)
	remote, ok := errors.AsType[*net.OpError](err)
	switch {
	case wrong:
		return refuse(host.RefusedIdentity, "the certificate of %s is not accepted: %v", t.host, err)
	case errors.Is(err, errTurnedAway), alert, ok && remote.Op == "remote error":
		return refuse(host.RefusedLogin, "%s does not let the engine in: its libvirt must trust the authority that the engine's certificate is of (vireo host cert): %v", t.host, err)
	}
	return err
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
