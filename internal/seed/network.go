package seed

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Ways in which an interface gets its address.
const (
	ProtocolDHCP   = "dhcp"
	ProtocolStatic = "static"
	ProtocolNone   = "none"
)

// interfaces is the text that Debian's /etc/network/interfaces has and that
// cloud-init translates for the guest's own tools (reference v3, 3.3).
//
// Two things differ from the reference. The method of an interface without an
// address is `manual`: Debian's ifup knows no `none` and, meeting one, brings up
// no interface at all. And a name that stands a second time, for its other
// family, gets the alias `:1`: cloud-init refuses a name twice, and puts an
// alias's address on the interface itself.
func (c CloudInit) interfaces() string {
	var text strings.Builder
	seen := make(map[string]bool)
	for i, nic := range c.NICs {
		if i > 0 {
			text.WriteByte('\n')
		}
		name := nic.Name
		if seen[nic.Name] {
			name += ":1"
		}
		nic.writeTo(&text, name)
		if !seen[nic.Name] {
			c.writeResolver(&text)
		}
		seen[nic.Name] = true
	}
	return text.String()
}

func (n NIC) writeTo(text *strings.Builder, name string) {
	if n.OnBoot && n.Protocol != "" {
		fmt.Fprintf(text, "auto %s\n", name)
	}
	switch n.Protocol {
	case ProtocolDHCP:
		fmt.Fprintf(text, "iface %s inet dhcp\n", name)
	case ProtocolStatic:
		n.writeStatic(text, name)
	default:
		fmt.Fprintf(text, "iface %s inet manual\n", name)
	}
}

func (n NIC) writeStatic(text *strings.Builder, name string) {
	prefix, err := n.prefix()
	if err != nil {
		return // Check has refused it
	}
	family, mask := "inet6", fmt.Sprint(prefix.Bits())
	if prefix.Addr().Is4() {
		family, mask = "inet", net.IP(net.CIDRMask(prefix.Bits(), 32)).String()
	}
	fmt.Fprintf(text, "iface %s %s static\n    address %s\n    netmask %s\n", name, family, prefix.Addr(), mask)
	if n.Gateway != "" {
		fmt.Fprintf(text, "    gateway %s\n", n.Gateway)
	}
}

func (c CloudInit) writeResolver(text *strings.Builder) {
	if len(c.DNSServers) > 0 {
		fmt.Fprintf(text, "    dns-nameservers %s\n", strings.Join(c.DNSServers, " "))
	}
	if len(c.DNSSearch) > 0 {
		fmt.Fprintf(text, "    dns-search %s\n", strings.Join(c.DNSSearch, " "))
	}
}

// isIPv6 says which family the interface's address has; dhcp and none are IPv4's.
func (n NIC) isIPv6() bool {
	address, err := netip.ParseAddr(n.Address)
	return n.Protocol == ProtocolStatic && err == nil && address.Is6()
}

// putResolver says the DNS data once more, beside the interfaces. What stands
// there is lost where no interface is given, where cloud-init writes for networkd
// and the interface uses dhcp, and on a Debian whose ifup has no resolvconf. The
// two keys of the resolv_conf module are for guests whose cloud-init runs it (Red
// Hat, SUSE, Alpine); Debian's and Ubuntu's do not, so a boot command does the
// same, before anything else wants to look up a name.
func (c CloudInit) putResolver(config *yaml.Node) {
	if len(c.DNSServers)+len(c.DNSSearch) == 0 {
		return
	}
	resolver := newMap()
	if len(c.DNSServers) > 0 {
		put(resolver, "nameservers", texts(c.DNSServers))
	}
	if len(c.DNSSearch) > 0 {
		put(resolver, "searchdomains", texts(c.DNSSearch))
	}
	put(config, "manage_resolv_conf", newBool(true))
	put(config, "resolv_conf", resolver)
	script := newText(c.resolverScript())
	script.Style = yaml.LiteralStyle
	put(config, "bootcmd", add(newList(), add(texts([]string{"sh", "-c"}), script)))
}

func texts(values []string) *yaml.Node {
	list := newList()
	for _, value := range values {
		add(list, newText(value))
	}
	return list
}

// resolverScript writes the data for whatever looks names up in the guest:
// systemd-resolved, the DHCP client, and the file that the C library reads. It
// holds addresses and domain names only, so it needs no quoting.
func (c CloudInit) resolverScript() string {
	var resolved, plain strings.Builder
	if len(c.DNSServers) > 0 {
		fmt.Fprintf(&resolved, `DNS=%s\n`, strings.Join(c.DNSServers, " "))
	}
	if len(c.DNSSearch) > 0 {
		fmt.Fprintf(&resolved, `Domains=%s\n`, strings.Join(c.DNSSearch, " "))
		fmt.Fprintf(&plain, `search %s\n`, strings.Join(c.DNSSearch, " "))
	}
	for _, server := range c.DNSServers {
		fmt.Fprintf(&plain, `nameserver %s\n`, server)
	}
	return fmt.Sprintf(`if [ -d /run/systemd/resolve ]; then
  mkdir -p /etc/systemd/resolved.conf.d
  printf '[Resolve]\n%s' > /etc/systemd/resolved.conf.d/50-cloud-init.conf
  systemctl restart systemd-resolved
fi
if [ -f /etc/dhcp/dhclient.conf ]; then
  sed -i '/# cloud-init$/d' /etc/dhcp/dhclient.conf
  printf '%s' >> /etc/dhcp/dhclient.conf
fi
if [ ! -L /etc/resolv.conf ]; then
  printf '%s' > /etc/resolv.conf
fi
`, &resolved, c.leaseLines(), &plain)
}

// leaseLines are for the DHCP client, which knows IPv4 servers only here.
func (c CloudInit) leaseLines() string {
	servers := slices.DeleteFunc(slices.Clone(c.DNSServers), func(server string) bool {
		return strings.Contains(server, ":")
	})
	var lines string
	if len(servers) > 0 {
		lines += fmt.Sprintf(`supersede domain-name-servers %s; # cloud-init\n`, strings.Join(servers, ", "))
	}
	if len(c.DNSSearch) > 0 {
		lines += fmt.Sprintf(`supersede domain-search "%s"; # cloud-init\n`, strings.Join(c.DNSSearch, `", "`))
	}
	return lines
}
