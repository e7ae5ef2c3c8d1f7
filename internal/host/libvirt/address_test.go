package libvirt

import (
	"strings"
	"testing"

	"vireo/internal/host"
)

func TestAddresses(t *testing.T) {
	for address, want := range map[string]target{
		"qemu:///system":             {transport: transportUnix, uri: "qemu:///system", sockets: systemSockets},
		"qemu+unix:///system":        {transport: transportUnix, uri: "qemu:///system", sockets: systemSockets},
		"qemu:///system?socket=/x/y": {transport: transportUnix, uri: "qemu:///system", sockets: []string{"/x/y"}},
		"test:///default":            {transport: transportUnix, uri: "test:///default", sockets: systemSockets},
		"qemu+ssh://root@one/system": {transport: transportSSH, uri: "qemu:///system", user: "root", host: "one", sockets: systemSockets},
		"qemu+ssh://one:2222/system?keyfile=/k&known_hosts=/h": {
			transport: transportSSH, uri: "qemu:///system", host: "one", port: "2222", sockets: systemSockets, keyFile: "/k", knownHosts: "/h",
		},
		"qemu+tls://one/system?pkipath=/p": {transport: transportTLS, uri: "qemu:///system", host: "one", pkiPath: "/p"},
		"qemu://one/system":                {transport: transportTLS, uri: "qemu:///system", host: "one"},
		"qemu+tcp://[::1]:77/system":       {transport: transportTCP, uri: "qemu:///system", host: "::1", port: "77"},
	} {
		got, err := parseAddress(address, true)
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		if got.String() != want.String() || got.transport != want.transport || got.user != want.user || got.keyFile != want.keyFile ||
			got.knownHosts != want.knownHosts || got.pkiPath != want.pkiPath || strings.Join(got.sockets, " ") != strings.Join(want.sockets, " ") {
			t.Errorf("%s: got %+v, want %+v", address, got, want)
		}
	}
}

func TestRefusedAddresses(t *testing.T) {
	for _, address := range []string{
		"", "one", "http://one/system", "xen:///system", "qemu:///", "qemu:///other", "qemu+carrier-pigeon://one/system",
		"qemu+ssh:///system", "qemu+tls:///system", "qemu+unix://one/system", "qemu+ssh://-oProxyCommand=x/system",
		"qemu+ssh://-l@one/system", "qemu+ssh://root:secret@one/system", "qemu+ssh://one/session", "qemu+tcp://one/system", "qemu://%zz",
	} {
		_, err := parseAddress(address, false)
		refusal(t, err, host.RefusedUnsupported)
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("the refusal tells a password: %v", err)
		}
	}
}

func TestSessionSockets(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", "/run/user/7")
	if got := localSockets(true)[0]; got != "/run/user/7/libvirt/virtqemud-sock" {
		t.Error(got)
	}
	t.Setenv("XDG_RUNTIME_DIR", "")
	t.Setenv("XDG_CACHE_HOME", "/home/u/.cache")
	if got := localSockets(true)[1]; got != "/home/u/.cache/libvirt/libvirt-sock" {
		t.Error(got)
	}
}
