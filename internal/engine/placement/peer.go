package placement

import (
	"net/url"
	"strings"

	"vireo/internal/model"
)

// PeerAddress is the address at which other hosts reach a host: the engine's own, without
// what only the engine's machine has (keys, sockets). A host that is reached through a
// socket of this machine has none.
func PeerAddress(on *model.Host) (string, bool) {
	parsed, err := url.Parse(on.URI())
	if err != nil || parsed.Hostname() == "" {
		return "", false
	}
	parsed.RawQuery = ""
	return parsed.String(), true
}

// MigrationOptions are what a VM says of its migrations, and its cluster where it says
// nothing. cluster may be nil.
func MigrationOptions(cluster *model.Cluster, vm *model.VM) model.MigrationOptions {
	options := vm.Effective().Migration
	if cluster != nil {
		options = options.Over(cluster.Migration)
	}
	return options
}

// Carriage is what a migration goes through.
type Carriage struct {
	// Encrypted: QEMU speaks TLS with QEMU. Tunnelled: libvirt carries it in its own
	// connection, which is as safe as the destination's address says.
	Encrypted, Tunnelled bool
}

// Carry says what a VM's migration from one host to another goes through; false when it is
// to be encrypted and could not be. Hosts that are reached by TLS have certificates for
// migration too, and use them unless the VM or its cluster does not want that. From a host
// that has none, what is to be encrypted is tunnelled.
func Carry(from, to *model.Host, cluster *model.Cluster, vm *model.VM) (Carriage, bool) {
	wish := MigrationOptions(cluster, vm).Encrypted
	tunnelled := vm.Effective().TunnelMigration || cluster != nil && cluster.TunnelMigration
	isSafe := transport(to) == "tls" || transport(to) == "ssh"
	switch {
	case tunnelled:
		return Carriage{Tunnelled: true}, wish != "true" || isSafe
	case wish != "false" && transport(from) == "tls" && transport(to) == "tls":
		return Carriage{Encrypted: true}, true
	case wish == "true":
		return Carriage{Tunnelled: true}, isSafe
	}
	return Carriage{}, true
}

// transport is what a host is reached by: ssh, tls, tcp; empty is a socket.
func transport(on *model.Host) string {
	parsed, err := url.Parse(on.URI())
	if err != nil {
		return ""
	}
	_, by, _ := strings.Cut(parsed.Scheme, "+")
	return by
}
