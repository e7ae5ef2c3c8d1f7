package libvirt

import (
	"context"
	"crypto/tls"
	"log/slog"
	"time"

	"golang.org/x/crypto/ssh"

	"vireo/internal/host"
)

// Accel says how guests are to run; it decides Accelerated in the facts of a host.
type Accel string

// The choices of acceleration.
const (
	// AccelAuto uses KVM where the host's CPU features say that it works.
	AccelAuto Accel = "auto"
	// AccelKVM says that KVM works, whatever the features say.
	AccelKVM Accel = "kvm"
	// AccelTCG emulates always.
	AccelTCG Accel = "tcg"
)

// Driver connects to libvirt daemons. The zero value is ready for use.
type Driver struct {
	// Accel is AccelAuto when empty.
	Accel Accel
	// AllowInsecure accepts qemu+tcp addresses, which are neither encrypted nor
	// authenticated.
	AllowInsecure bool
	// PingInterval is how often a connection is tested; 5 s when 0.
	PingInterval time.Duration
	// PingLimit is how long a host may be silent before its connection counts as
	// lost; 25 s when 0.
	PingLimit time.Duration
	// SSHKey gives the key that the engine logs in with at hosts reached by ssh, unless
	// the address names one; nil leaves those of the user that runs it.
	SSHKey func() (ssh.Signer, error)
	// TLS gives the certificate that the engine shows to hosts at qemu+tls, and the
	// authority that theirs must be of, unless the address has a pkipath; nil takes
	// both from where libvirt's own clients have them (/etc/pki). It is asked anew for
	// each connection.
	TLS func() (*tls.Config, error)
	// Log receives what happens to connections; slog.Default() when nil.
	Log *slog.Logger
}

var _ host.Driver = Driver{}

func (d Driver) withDefaults() Driver {
	if d.Accel == "" {
		d.Accel = AccelAuto
	}
	if d.PingInterval <= 0 {
		d.PingInterval = 5 * time.Second
	}
	if d.PingLimit <= 0 {
		d.PingLimit = 25 * time.Second
	}
	if d.Log == nil {
		d.Log = slog.Default()
	}
	return d
}

// Connect dials the host at a libvirt URI: qemu:///system, qemu:///session,
// qemu+unix, qemu+ssh://user@host/system, qemu+tls://host/system, and
// qemu+tcp://host/system where it is allowed. Where there is no daemon of a
// session yet, one is started.
//
// A URI of a scheme that cannot be served is RefusedUnsupported, a daemon that
// is not there ErrUnreachable. To the query of an ssh address belong hostkey and
// fingerprint (see pin), keyfile and known_hosts; to that of a tls address pkipath.
func (d Driver) Connect(ctx context.Context, address string) (host.Host, error) {
	d = d.withDefaults()
	target, err := parseAddress(address, d.AllowInsecure)
	if err != nil {
		return nil, err
	}
	target.sshKey, target.tls = d.SSHKey, d.TLS
	return openHypervisor(ctx, d, target)
}
