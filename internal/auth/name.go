package auth

import (
	"net"
	"net/netip"
	"strings"
)

// SplitName takes a login apart: user@domain at the last @, or domain\user
// (api-v3 1.4). The domain is empty when none is named.
func SplitName(login string) (user, domain string) {
	if at := strings.LastIndexByte(login, '@'); at >= 0 {
		return login[:at], login[at+1:]
	}
	if domain, user, found := strings.Cut(login, `\`); found {
		return user, domain
	}
	return login, ""
}

// origin is what counts as one place for wrong passwords: an IPv4 address, or
// the /64 that an IPv6 host can choose its addresses from. A port is ignored.
func origin(remote string) string {
	host := remote
	if withoutPort, _, err := net.SplitHostPort(remote); err == nil {
		host = withoutPort
	}
	address, err := netip.ParseAddr(host)
	if err != nil {
		return host // not an address, as on a UNIX socket
	}
	address = address.Unmap().WithZone("")
	if address.Is4() {
		return address.String()
	}
	prefix, _ := address.Prefix(64) // never fails for an IPv6 address
	return prefix.String()
}
