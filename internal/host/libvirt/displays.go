package libvirt

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"sync/atomic"

	"vireo/internal/host"
)

// errOwnHost says that a display listens on its host alone, and nothing leads there.
var errOwnHost = errors.New("it listens on its host alone")

// dialDisplay connects to what listens on the host: from the engine's own machine,
// or through the host's ssh server. Over the other transports only what listens to
// the network can be reached.
func (h *hypervisor) dialDisplay(ctx context.Context, address, port string) (*displayStream, error) {
	plain, err := h.dialPlain(ctx, address, port)
	if err != nil {
		return nil, err
	}
	return &displayStream{Conn: plain, plain: plain, target: h.target, secured: &h.displaysSecured}, nil
}

func (h *hypervisor) dialPlain(ctx context.Context, address, port string) (net.Conn, error) {
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

// displayStream is a connection to a display, which can go on by TLS (rfb.Securer).
type displayStream struct {
	// Conn is what is read and written: plain, until the stream was secured.
	net.Conn
	plain  net.Conn
	target target
	// secured is set with the first display of the host that was spoken to by TLS.
	secured *atomic.Bool
}

// Insists says that other displays of the host have spoken TLS since the engine is
// connected to it.
func (s *displayStream) Insists() bool { return s.secured.Load() }

// Secure goes on by TLS. The display must show a certificate of the engine's authority,
// which names its host as the host's address does.
func (s *displayStream) Secure() error {
	if s.target.tls == nil {
		return refuse(host.RefusedUnsupported, "the display wants TLS, and there is no authority that its certificate could be of")
	}
	config, err := s.target.tls()
	if err != nil {
		return fmt.Errorf("reading the engine's certificates: %w", err)
	}
	conn := tls.Client(s.plain, namedAfter(config, s.target))
	if err := conn.Handshake(); err != nil {
		return refusedDisplay(s.target, err)
	}
	s.Conn = conn
	s.secured.Store(true)
	return nil
}

// namedAfter wants the certificate that the host's address names. On the engine's own
// machine, which has no address, any of the engine's authority will do: whoever listens
// there on the loopback and has the key of one is a host of the engine's.
func namedAfter(config *tls.Config, t target) *tls.Config {
	named := config.Clone()
	if !t.local() {
		named.ServerName = t.host
		return named
	}
	named.InsecureSkipVerify = true // in favour of what follows
	named.VerifyConnection = func(state tls.ConnectionState) error {
		between := x509.NewCertPool()
		for _, certificate := range state.PeerCertificates[1:] {
			between.AddCert(certificate)
		}
		_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: config.RootCAs, Intermediates: between})
		if err != nil {
			return &tls.CertificateVerificationError{UnverifiedCertificates: state.PeerCertificates, Err: err}
		}
		return nil
	}
	return named
}

// refusedDisplay tells apart why there is no TLS: what is shown is not accepted, the
// display does not accept the engine, or it is silent.
func refusedDisplay(t target, err error) error {
	where := t.host
	if t.local() {
		where = "the engine's machine"
	}
	if _, wrong := errors.AsType[*tls.CertificateVerificationError](err); wrong {
		return refuse(host.RefusedIdentity, "the certificate that the display on %s shows is not accepted: %v", where, err)
	}
	remote, ok := errors.AsType[*net.OpError](err)
	if _, alert := errors.AsType[tls.AlertError](err); alert || ok && remote.Op == "remote error" {
		return refuse(host.RefusedLogin, "the display on %s does not accept the engine's certificate: %v", where, err)
	}
	return err
}

// Close ends the connection, encrypted or not, at once.
func (s *displayStream) Close() error { return s.plain.Close() }

// CloseWrite says that nothing more comes from here; what the other side still says can
// be read.
func (s *displayStream) CloseWrite() error {
	if conn, secured := s.Conn.(*tls.Conn); secured {
		if err := conn.CloseWrite(); err != nil {
			return err
		}
	}
	if half, ok := s.plain.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return s.plain.Close()
}
