package e2e

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestPXE: a run that boots from the network asks there for what to boot. The
// witness is the bridge of libvirt's own network.
func TestPXE(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	v := e.create(t)
	e.call(t, "PUT", v.path(), `<vm><os><kernel></kernel><initrd></initrd><cmdline></cmdline><boot dev="hd"/></os></vm>`)
	v.addDisk(t, "16777216") // it holds nothing to boot, and would be asked first
	nic := e.call(t, "POST", v.path()+"/nics", `<nic><name>nic1</name><network><name>ovirtmgmt</name></network></nic>`)
	mac, err := net.ParseMAC(nic.body.at("mac").attr("address"))
	if err != nil {
		t.Fatal(err)
	}

	wire := listen(t, bridge(t, e.daemon))
	v.act(t, "start", `<vm><os><boot dev="network"/></os></vm>`)
	vendor := wire.discover(t, mac)
	if !strings.HasPrefix(vendor, "PXEClient:Arch:00000") {
		t.Errorf("the guest asks for an address as %q, not to boot", vendor)
	}
	if boot := v.get(t).all("os/boot"); len(boot) != 1 || boot[0].attr("dev") != "network" {
		t.Errorf("the boot sequence in use is shown as %v", boot)
	}
	v.act(t, "stop")
	v.await(t, "down")
}

// bridge is the interface of libvirt's network `default`.
func bridge(t *testing.T, d *daemon) string {
	t.Helper()
	var network struct {
		Bridge struct {
			Name string `xml:"name,attr"`
		} `xml:"bridge"`
	}
	if err := xml.Unmarshal([]byte(d.must(t, "net-dumpxml", "default")), &network); err != nil {
		t.Fatal(err)
	}
	return network.Bridge.Name
}

// tap is a socket that sees all IPv4 packets of an interface.
type tap int

func listen(t *testing.T, on string) tap {
	t.Helper()
	found, err := net.InterfaceByName(on)
	if err != nil {
		t.Fatal(err)
	}
	// The protocol is in the order of the network.
	protocol := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, unix.ETH_P_IP))
	socket, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, int(protocol))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(socket) })
	if err := unix.Bind(socket, &unix.SockaddrLinklayer{Protocol: protocol, Ifindex: found.Index}); err != nil {
		t.Fatal(err)
	}
	if err := unix.SetsockoptTimeval(socket, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 1}); err != nil {
		t.Fatal(err)
	}
	return tap(socket)
}

// discover waits for a DHCP discover of this sender and gives its vendor class.
func (w tap) discover(t *testing.T, mac net.HardwareAddr) string {
	t.Helper()
	packet := make([]byte, 1<<16)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		n, err := unix.Read(int(w), packet)
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if options, ok := dhcpOptions(packet[:n], mac); ok && bytes.Equal(options[53], []byte{1}) {
			return string(options[60])
		}
	}
	t.Fatalf("waited %v for a DHCP discover of %s", patience, mac)
	return ""
}

// dhcpOptions reads the options of a DHCP request by this client from an IPv4
// packet (RFC 2131, 2132).
func dhcpOptions(packet []byte, mac net.HardwareAddr) (map[byte][]byte, bool) {
	const udp, server, fixed = 17, 67, 236
	if len(packet) < 20 || packet[9] != udp {
		return nil, false
	}
	header := int(packet[0]&0xf) * 4
	if len(packet) < header+8+fixed+4 || binary.BigEndian.Uint16(packet[header+2:]) != server {
		return nil, false
	}
	request := packet[header+8:]
	if request[0] != 1 || !bytes.Equal(request[28:28+len(mac)], mac) {
		return nil, false
	}
	options := make(map[byte][]byte)
	for rest := request[fixed+4:]; len(rest) > 1 && rest[0] != 255; {
		if rest[0] == 0 {
			rest = rest[1:]
			continue
		}
		end := 2 + int(rest[1])
		if end > len(rest) {
			return nil, false
		}
		options[rest[0]], rest = rest[2:end], rest[end:]
	}
	return options, true
}
