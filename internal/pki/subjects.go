package pki

import (
	"crypto/x509"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
)

// subjects are the names and addresses that a server certificate is for.
type subjects struct {
	hosts     []string // lower case
	addresses []net.IP
}

// hostName is what may stand in a certificate: labels of letters, digits, "-"
// and "_", which some machines have in their names.
var hostName = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$`)

// subjectsFor collects the names of this machine and those asked for. A wildcard
// address such as 0.0.0.0 stands for every address that the machine has now.
func subjectsFor(asked []string) (subjects, error) {
	var names subjects
	if machine, err := os.Hostname(); err == nil {
		names.addHost(machine) // one that is no host name is left out
	}
	names.addHost("localhost")
	names.addAddress(net.IPv4(127, 0, 0, 1))
	names.addAddress(net.IPv6loopback)
	for _, text := range asked {
		host := strings.Trim(text, "[]")
		if withoutPort, _, err := net.SplitHostPort(text); err == nil {
			host = withoutPort
		}
		host, _, _ = strings.Cut(host, "%") // a zone means something on this machine only
		address := net.ParseIP(host)
		switch {
		case host == "" || (address != nil && address.IsUnspecified()):
			if err := names.addMachine(); err != nil {
				return subjects{}, err
			}
		case address != nil:
			names.addAddress(address)
		default:
			if !names.addHost(host) {
				return subjects{}, fmt.Errorf("%q is neither a host name nor an address that a certificate could be made for", text)
			}
		}
	}
	return names, nil
}

// addMachine adds the addresses of the machine's interfaces, except those that
// need a zone and so cannot be named by a client.
func (s *subjects) addMachine() error {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return fmt.Errorf("finding the addresses of this machine: %w", err)
	}
	for _, one := range all {
		if network, ok := one.(*net.IPNet); ok && !network.IP.IsLinkLocalUnicast() {
			s.addAddress(network.IP)
		}
	}
	return nil
}

func (s *subjects) addHost(name string) bool {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if len(name) > 253 || !hostName.MatchString(name) {
		return false
	}
	if !slices.Contains(s.hosts, name) {
		s.hosts = append(s.hosts, name)
	}
	return true
}

func (s *subjects) addAddress(address net.IP) {
	if !slices.ContainsFunc(s.addresses, address.Equal) {
		s.addresses = append(s.addresses, address)
	}
}

// first is the name for the subject, which holds at most 64 characters.
func (s *subjects) first() string {
	for _, name := range s.hosts {
		if len(name) <= 64 {
			return name
		}
	}
	return "localhost"
}

// coveredBy says whether a certificate is for all of the names.
func (s *subjects) coveredBy(certificate *x509.Certificate) bool {
	for _, name := range s.hosts {
		if !slices.Contains(certificate.DNSNames, name) {
			return false
		}
	}
	for _, address := range s.addresses {
		if !slices.ContainsFunc(certificate.IPAddresses, address.Equal) {
			return false
		}
	}
	return true
}
