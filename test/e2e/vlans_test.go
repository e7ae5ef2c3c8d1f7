package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// switchSetUp gives a host Open vSwitch with the switch in user space, which needs
// nothing of the kernel but network interfaces. The card carries all VLANs.
const switchSetUp = `
set -e
mkdir -p /run/openvswitch
mount -t tmpfs tmpfs /run/openvswitch
cd /run/openvswitch
ovsdb-tool create conf.db /usr/share/openvswitch/vswitch.ovsschema
ovsdb-server conf.db --remote=punix:/run/openvswitch/db.sock --pidfile --detach --log-file=ovsdb-server.log
ovs-vsctl --no-wait init
ovs-vswitchd --pidfile --detach --log-file=ovs-vswitchd.log
ovs-vsctl --timeout=60 add-br ovsbr0 -- set bridge ovsbr0 datapath_type=netdev -- add-port ovsbr0 eth1
`

// addSwitch gives a host of a farm Open vSwitch, with a network card that leads to the
// switch outside, whose end is given.
func (h *farmHost) addSwitch(t *testing.T, toSwitch string) (port string) {
	t.Helper()
	port = h.addCard(t, "eth1", toSwitch)
	need(t, h.run("sh", "-c", switchSetUp))
	return port
}

// addTagged gives a host a libvirt network that connects guests to Open vSwitch, with a VLAN
// if it is not 0.
func (h *farmHost) addTagged(t *testing.T, name string, vlan int) {
	t.Helper()
	tag := ""
	if vlan > 0 {
		tag = fmt.Sprintf("<vlan><tag id='%d'/></vlan>", vlan)
	}
	path := filepath.Join(t.TempDir(), "network.xml")
	need(t, os.WriteFile(path, []byte(`<network><name>`+name+`</name><forward mode='bridge'/><bridge name='ovsbr0'/><virtualport type='openvswitch'/>`+tag+`</network>`), 0o600))
	h.must(t, "net-define", path)
	h.must(t, "net-start", name)
}

// cable is what passes at an end of a cable, as tcpdump prints it.
type cable struct{ path string }

// overhear begins to write down what passes at an interface of this machine.
func overhear(t *testing.T, port string) *cable {
	t.Helper()
	c := &cable{path: filepath.Join(t.TempDir(), "frames")}
	file, err := os.Create(c.path)
	need(t, err)
	defer file.Close()
	listener := exec.Command("tcpdump", "-i", port, "-n", "-e", "-l", "-p")
	listener.Stdout, listener.Stderr = file, file
	need(t, listener.Start())
	t.Cleanup(func() {
		_ = listener.Process.Kill()
		_ = listener.Wait()
	})
	eventually(t, "tcpdump to listen", func() (bool, string) {
		return strings.Contains(c.text(), "listening on"), c.text()
	})
	return c
}

func (c *cable) text() string {
	said, _ := os.ReadFile(c.path)
	return string(said)
}

// carries wants frames of a guest to have passed, all of them with this tag.
func (c *cable) carries(t *testing.T, mac string, vlan int) {
	t.Helper()
	tag := fmt.Sprintf("vlan %d,", vlan)
	eventually(t, fmt.Sprintf("frames of %s with the tag %d", mac, vlan), func() (bool, string) {
		for line := range strings.Lines(c.text()) {
			if strings.Contains(line, mac+" > ") && strings.Contains(line, tag) {
				return true, ""
			}
		}
		return false, c.text()
	})
	for line := range strings.Lines(c.text()) {
		if strings.Contains(line, mac) && !strings.Contains(line, tag) {
			t.Errorf("a frame of %s has not the tag %d: %s", mac, vlan, line)
		}
	}
}

func (p *peer) mac(t *testing.T) string {
	t.Helper()
	return p.e.call(t, "GET", p.nic, "").body.at("mac").attr("address")
}

// TestVLANs: guests of two hosts hear each other on a VLAN, and nobody on another one, with
// Open vSwitch, whose ports libvirt tags as its networks say. On the cable between the hosts the
// frames have the tags. That stays so when a guest migrates, when its network interface is
// unlinked or unplugged, and when it is moved to another VLAN, and to a Linux bridge and back.
func TestVLANs(t *testing.T) {
	t.Parallel()
	y := farm(t, 2)
	near, far := y.hosts[0], y.hosts[1]
	between := newBridge(t)
	var wire *cable
	for _, h := range y.hosts {
		h.ownCards(t)
		port := h.addSwitch(t, between)
		h.addTagged(t, "blue", 5)
		h.addTagged(t, "red", 6)
		if h == near {
			wire = overhear(t, port)
		}
	}
	// A network without a tag: Open vSwitch on one host, a Linux bridge on the other.
	near.addTagged(t, "plain", 0)
	far.addCard(t, "eth2", between)
	far.addBridge(t, "plain", "eth2")
	e := y.engine(t, nil)
	blue, red, plain := e.network(t, "blue", `<vlan id="4"/>`), e.network(t, "red", `<vlan id="6"/>`), e.network(t, "plain", "")
	is := func(want string, networks ...string) {
		for _, id := range networks {
			eventually(t, "the network to be "+want, func() (bool, string) {
				state := e.call(t, "GET", e.cluster(t)+"/networks/"+id, "").body.text("status/state")
				return state == want, state
			})
		}
	}
	is("operational", red, plain)
	// The hosts have it with another tag.
	is("non_operational", blue)
	e.call(t, "PUT", "/networks/"+blue, `<network><vlan id="5"/></network>`)
	is("operational", blue)
	a, b, c := e.peer(t, blue, 1), e.peer(t, blue, 2), e.peer(t, red, 3)
	a.startOn(t, near)
	b.startOn(t, far)
	c.startOn(t, far)
	for _, p := range []*peer{a, b, c} {
		p.await(t, "up")
		p.settle(t)
	}
	a.hears(t, b, true)
	b.hears(t, a, true)
	for _, p := range []*peer{a, b} {
		p.hears(t, c, false)
		c.hears(t, p, false)
	}
	for p, vlan := range map[*peer]int{a: 5, b: 5, c: 6} {
		wire.carries(t, p.mac(t), vlan)
	}

	for _, to := range y.hosts {
		b.moveTo(t, to)
		a.hears(t, b, true)
		b.hears(t, c, false)
	}
	b.change(t, "<linked>false</linked>")
	a.hears(t, b, false)
	b.change(t, "<linked>true</linked>")
	a.hears(t, b, true)
	e.call(t, "POST", b.nic+"/deactivate", "<action/>")
	a.hears(t, b, false)
	e.call(t, "POST", b.nic+"/activate", "<action/>")
	b.settle(t)
	a.hears(t, b, true)
	b.hears(t, c, false)
	wire.carries(t, b.mac(t), 5)

	// Another port of Open vSwitch is another device to the guest.
	b.change(t, `<network id="`+red+`"/>`)
	b.settle(t)
	a.hears(t, b, false)
	b.hears(t, c, true)
	for _, p := range []*peer{a, b} {
		p.change(t, `<network id="`+plain+`"/>`)
		p.settle(t)
	}
	a.hears(t, b, true)
	b.hears(t, c, false)
	for _, to := range y.hosts {
		b.moveTo(t, to)
		a.hears(t, b, true)
	}
	b.change(t, `<network id="`+red+`"/>`)
	b.settle(t)
	a.hears(t, b, false)
	b.hears(t, c, true)
}
