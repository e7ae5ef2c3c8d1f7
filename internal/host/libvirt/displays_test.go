package libvirt

import (
	"context"
	"crypto/tls"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"io"
	"log/slog"
	"net"
	"strconv"
	"sync/atomic"
	"testing"

	"vireo/internal/host"
)

// TestDisplayIsSecured: a display shows a certificate of the engine's authority that
// names its host, or nothing is said to it.
func TestDisplayIsSecured(t *testing.T) {
	pool, certificate := certificates(t, t.TempDir())
	_, foreign := certificates(t, t.TempDir())
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, RootCAs: pool}
	display := func(shown tls.Certificate) *net.TCPAddr {
		return serve(t, func(conn net.Conn) {
			defer conn.Close()
			secure := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{shown}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool, MaxVersion: tls.VersionTLS12})
			_, _ = io.Copy(secure, secure)
		})
	}
	right, wrong := display(certificate), display(foreign)
	silent := serve(t, func(conn net.Conn) { conn.Close() })
	own := func() (*tls.Config, error) { return config, nil }
	for _, c := range []struct {
		name   string
		at     *net.TCPAddr
		target target
		want   host.RefusalCode
		fails  bool
	}{
		{"by its host's name", right, target{transport: transportTLS, host: "127.0.0.1", tls: own}, "", false},
		{"by another name", right, target{transport: transportTLS, host: "127.0.0.2", tls: own}, host.RefusedIdentity, true},
		{"of another authority", wrong, target{transport: transportTLS, host: "127.0.0.1", tls: own}, host.RefusedIdentity, true},
		{"on the engine's machine", right, target{transport: transportUnix, tls: own}, "", false},
		{"of another authority there", wrong, target{transport: transportUnix, tls: own}, host.RefusedIdentity, true},
		{"without an authority", right, target{transport: transportTLS, host: "127.0.0.1"}, host.RefusedUnsupported, true},
		{"that cannot be read", right, target{transport: transportTLS, host: "127.0.0.1", tls: func() (*tls.Config, error) { return nil, errors.New("no") }}, "", true},
		{"of nobody", silent, target{transport: transportTLS, host: "127.0.0.1", tls: own}, "", true},
		{"that is not let in", right, target{transport: transportTLS, host: "127.0.0.1", tls: func() (*tls.Config, error) { return &tls.Config{RootCAs: pool}, nil }}, host.RefusedLogin, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := &hypervisor{target: c.target, log: slog.New(slog.DiscardHandler)}
			stream, err := h.dialDisplay(context.Background(), "127.0.0.1", strconv.Itoa(c.at.Port))
			if err == nil && c.target.transport == transportTLS {
				t.Fatal("a display on the loopback of another host is reached")
			}
			if c.target.transport == transportTLS {
				var plain net.Conn
				plain, err = net.Dial("tcp", c.at.String())
				must(t, err)
				stream = &displayStream{Conn: plain, plain: plain, target: c.target, secured: new(atomic.Bool)}
			}
			must(t, err)
			defer stream.Close()
			err = stream.Secure()
			if (err != nil) != c.fails || c.want != "" && !refusedAs(err, c.want) {
				t.Fatalf("it ended with %v", err)
			}
			// TLS is insisted on from then on.
			if stream.Insists() == c.fails {
				t.Errorf("it insists: %v", stream.Insists())
			}
			if c.fails {
				return
			}
			_, err = io.WriteString(stream, "RFB")
			must(t, err)
			heard := make([]byte, 3)
			_, err = io.ReadFull(stream, heard)
			must(t, err)
			must(t, leave(stream))
		})
	}
}

func TestSubjectText(t *testing.T) {
	subject := pkix.Name{Names: []pkix.AttributeTypeAndValue{
		{Type: asn1.ObjectIdentifier{2, 5, 4, 10}, Value: `Cats, Dogs\Sons`},
		{Type: asn1.ObjectIdentifier{1, 2, 3}, Value: "unheard of"},
		{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: "h1.example"},
	}}
	if got, want := subjectText(subject), `O=Cats\, Dogs\\Sons,CN=h1.example`; got != want {
		t.Errorf("it is %s, want %s", got, want)
	}
	if got := subjectText(pkix.Name{}); got != "" {
		t.Errorf("nothing is %s", got)
	}
}
