package seed

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
)

// nicForm is narrower than the kernel: no blanks, and no colon, which makes an alias.
var nicForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$`)

func (c CloudInit) checkNetwork() error {
	type half struct {
		name string
		ipv6 bool
	}
	seen := make(map[half]bool)
	for _, nic := range c.NICs {
		if err := nic.check(); err != nil {
			return err
		}
		this := half{nic.Name, nic.isIPv6()}
		if seen[this] {
			return fmt.Errorf("the nic %.100q is given twice", nic.Name)
		}
		seen[this] = true
	}
	for _, server := range c.DNSServers {
		if _, err := parseAddress(server); err != nil {
			return fmt.Errorf("the DNS server %.100q is no IP address", server)
		}
	}
	for _, domain := range c.DNSSearch {
		if !IsHostName(domain) {
			return fmt.Errorf("the DNS search domain %.100q is no domain name", domain)
		}
	}
	return nil
}

func (n NIC) check() error {
	if !nicForm.MatchString(n.Name) {
		return fmt.Errorf("the nic name %.100q is no name of a Linux interface", n.Name)
	}
	switch n.Protocol {
	case ProtocolDHCP, ProtocolNone, "":
		return nil // their addresses are not looked at (reference v3, 2.3)
	case ProtocolStatic:
	default:
		return fmt.Errorf("the boot protocol %.100q of the nic %.100q is not dhcp, static or none", n.Protocol, n.Name)
	}
	prefix, err := n.prefix()
	if err != nil || n.Gateway == "" {
		return err
	}
	return n.checkGateway(prefix)
}

// prefix is the address with the length of its network's part.
func (n NIC) prefix() (netip.Prefix, error) {
	if n.Address == "" {
		return netip.Prefix{}, fmt.Errorf("the nic %.100q is static and has no address", n.Name)
	}
	address, err := parseAddress(n.Address)
	if err != nil || address.IsUnspecified() || address.IsMulticast() || address.IsLoopback() {
		return netip.Prefix{}, fmt.Errorf("the address %.100q of the nic %.100q is no IP address of an interface", n.Address, n.Name)
	}
	bits, ok := maskBits(n.Netmask, address)
	if !ok {
		return netip.Prefix{}, fmt.Errorf("the netmask %.100q of the nic %.100q is no netmask of an %s address",
			n.Netmask, n.Name, family(address))
	}
	return netip.PrefixFrom(address, bits), nil
}

// checkGateway wants it in the same network; IPv6 routers are known by link-local addresses too.
func (n NIC) checkGateway(prefix netip.Prefix) error {
	gateway, err := parseAddress(n.Gateway)
	switch {
	case err != nil:
		return fmt.Errorf("the gateway %.100q of the nic %.100q is no IP address", n.Gateway, n.Name)
	case gateway.Is4() != prefix.Addr().Is4():
		return fmt.Errorf("the gateway %.100q of the nic %.100q is no %s address as %.100q is",
			n.Gateway, n.Name, family(prefix.Addr()), n.Address)
	case gateway.Is6() && gateway.IsLinkLocalUnicast():
		return nil
	case !prefix.Contains(gateway):
		return fmt.Errorf("the gateway %.100q of the nic %.100q is not in the network %s", n.Gateway, n.Name, prefix.Masked())
	}
	return nil
}

func family(address netip.Addr) string {
	if address.Is4() {
		return "IPv4"
	}
	return "IPv6"
}

// parseAddress takes no zone, which means nothing in another machine, and no
// IPv4 address in IPv6's clothes.
func parseAddress(text string) (netip.Addr, error) {
	address, err := netip.ParseAddr(text)
	if err == nil && (address.Zone() != "" || address.Is4In6()) {
		err = fmt.Errorf("%.100q is no plain address", text)
	}
	return address, err
}

// maskBits reads 0 to 32 or a mask of the form 255.255.255.0 for IPv4, 1 to 128 for IPv6.
func maskBits(text string, address netip.Addr) (int, bool) {
	if mask, err := netip.ParseAddr(text); err == nil && mask.Is4() && address.Is4() {
		bits, size := net.IPMask(mask.AsSlice()).Size()
		return bits, size == 32
	}
	bits, err := strconv.ParseUint(text, 10, 8)
	if err != nil || text != strconv.FormatUint(bits, 10) {
		return 0, false
	}
	if address.Is4() {
		return int(bits), bits <= 32
	}
	return int(bits), 1 <= bits && bits <= 128
}
