package libvirt

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"strings"

	"golang.org/x/crypto/ssh"

	"vireo/internal/host"
)

// transport is how the daemon is reached.
type transport string

const (
	transportUnix transport = "unix"
	transportSSH  transport = "ssh"
	transportTLS  transport = "tls"
	transportTCP  transport = "tcp"
)

// target is a libvirt URI taken apart.
type target struct {
	transport transport
	// uri is what the daemon is told to open: qemu:///system.
	uri string
	// session says that the daemon is one user's own.
	session bool
	// user, host and port are for the remote transports; port may be empty.
	user, host, port string
	// sockets are tried in this order; for ssh they are on the remote machine.
	sockets []string
	// keyFile and knownHosts are for ssh, pkiPath for tls; empty is the default.
	keyFile, knownHosts, pkiPath string
	// pin is the key that the ssh server is to show; sshKey and tls are what the
	// engine itself shows (Driver).
	pin    *pin
	sshKey func() (ssh.Signer, error)
	tls    func() (*tls.Config, error)
}

// local says that the daemon runs on the engine's own machine.
func (t target) local() bool { return t.transport == transportUnix }

// parseAddress takes a libvirt URI apart
// (https://libvirt.org/uri.html, the parts that this driver serves).
func parseAddress(address string, allowInsecure bool) (target, error) {
	parsed, err := url.Parse(address)
	if err != nil {
		return target{}, refuse(host.RefusedUnsupported, "%.200q is not a libvirt URI", address)
	}
	scheme, kind, _ := strings.Cut(parsed.Scheme, "+")
	if scheme != "qemu" && scheme != "test" {
		return target{}, refuse(host.RefusedUnsupported,
			"%.200q: only hosts with QEMU are supported, at addresses that begin with qemu", address)
	}
	t := target{
		uri:     scheme + "://" + parsed.Path,
		session: scheme == "qemu" && parsed.Path == "/session",
		user:    parsed.User.Username(),
		host:    parsed.Hostname(),
		port:    parsed.Port(),
	}
	if scheme == "qemu" && parsed.Path != "/system" && parsed.Path != "/session" {
		return target{}, refuse(host.RefusedUnsupported, "%.200q: the path must be /system or /session", address)
	}
	if _, ok := parsed.User.Password(); ok {
		return target{}, refuse(host.RefusedUnsupported, "a password in the address of a host is not supported; use a key")
	}
	if kind == "" && t.host == "" {
		kind = string(transportUnix)
	} else if kind == "" {
		kind = string(transportTLS)
	}
	t.transport = transport(kind)
	return t, t.complete(parsed.Query(), allowInsecure)
}

// complete checks what the transport needs and fills in its defaults.
func (t *target) complete(query url.Values, allowInsecure bool) error {
	if t.transport != transportUnix && t.host == "" {
		return refuse(host.RefusedUnsupported, "the address names no machine to connect to by %s", t.transport)
	}
	if strings.HasPrefix(t.host, "-") || strings.HasPrefix(t.user, "-") {
		return refuse(host.RefusedUnsupported, "a host or user name cannot begin with a hyphen")
	}
	if socket := query.Get("socket"); socket != "" {
		t.sockets = []string{socket}
	}
	switch t.transport {
	case transportUnix:
		if t.host != "" {
			return refuse(host.RefusedUnsupported, "a local address cannot name the machine %q", t.host)
		}
		if t.sockets == nil {
			t.sockets = localSockets(t.session)
		}
	case transportSSH:
		t.keyFile, t.knownHosts = query.Get("keyfile"), query.Get("known_hosts")
		var err error
		if t.pin, err = newPin(query.Get("hostkey"), query.Get("fingerprint")); err != nil {
			return err
		}
		if t.session {
			return refuse(host.RefusedUnsupported, "a session daemon on another machine is not supported; use /system")
		}
		if t.sockets == nil {
			t.sockets = systemSockets
		}
	case transportTLS:
		t.pkiPath = query.Get("pkipath")
	case transportTCP:
		if !allowInsecure {
			return refuse(host.RefusedUnsupported,
				"qemu+tcp is neither encrypted nor authenticated and is not allowed here")
		}
	default:
		return refuse(host.RefusedUnsupported, "hosts cannot be reached by %q", string(t.transport))
	}
	return nil
}

// hostPort is the address to dial, with the port that libvirt gives the transport.
func (t target) hostPort() string {
	port := t.port
	if port == "" {
		port = map[transport]string{transportSSH: "22", transportTLS: "16514", transportTCP: "16509"}[t.transport]
	}
	return net.JoinHostPort(t.host, port)
}

// String is the target as it may be logged.
func (t target) String() string {
	if t.local() {
		return t.uri
	}
	return fmt.Sprintf("%s by %s at %s", t.uri, t.transport, t.hostPort())
}
