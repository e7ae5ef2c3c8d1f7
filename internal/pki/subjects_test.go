package pki

import (
	"net"
	"slices"
	"strings"
	"testing"
)

func TestHosts(t *testing.T) {
	addresses := func(names subjects) []string {
		var texts []string
		for _, address := range names.addresses {
			texts = append(texts, address.String())
		}
		return texts
	}
	names, err := subjectsFor([]string{"Web.Example.com.", "[2001:db8::1]:1", "2001:db8::2", "[fe80::1%eth0]:1", "192.0.2.1", "192.0.2.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(names.hosts, "web.example.com") || !slices.Contains(names.hosts, "localhost") {
		t.Errorf("the hosts are %v", names.hosts)
	}
	if got := addresses(names); !slices.Equal(got, []string{"127.0.0.1", "::1", "2001:db8::1", "2001:db8::2", "fe80::1", "192.0.2.1"}) {
		t.Errorf("the addresses are %v", got)
	}
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, wildcard := range []string{"0.0.0.0:8443", "[::]:8443", ":8443", "::"} {
		names, err := subjectsFor([]string{wildcard})
		if err != nil {
			t.Fatal(err)
		}
		for _, address := range all {
			ip := address.(*net.IPNet).IP
			if !ip.IsLinkLocalUnicast() && !slices.ContainsFunc(names.addresses, ip.Equal) {
				t.Errorf("%s: %v is missing", wildcard, ip)
			}
		}
	}
	for _, host := range []string{"two words", "-x", "ex..ample", strings.Repeat("a", 64), "näme", "a/b", "*"} {
		if _, err := Open(t.TempDir(), []string{host}); err == nil {
			t.Errorf("a certificate was made for %q", host)
		}
	}
}
