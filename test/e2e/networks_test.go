package e2e

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

// newBridge makes a Linux bridge of this machine that nothing is connected to.
func newBridge(t *testing.T) string {
	t.Helper()
	name := linkName('b')
	ip(t, "link", "add", name, "type", "bridge")
	t.Cleanup(func() { _ = exec.Command("ip", "link", "delete", name).Run() })
	ip(t, "link", "set", name, "up")
	return name
}

// network makes a logical network that the cluster has, and gives its id.
func (e *engine) network(t *testing.T, name, elements string) string {
	t.Helper()
	id := e.call(t, "POST", "/networks", `<network><name>`+name+`</name><data_center><name>Default</name></data_center>`+elements+`</network>`).body.attr("id")
	e.call(t, "POST", e.cluster(t)+"/networks", `<network id="`+id+`"><required>false</required></network>`)
	return id
}

func (e *engine) cluster(t *testing.T) string {
	t.Helper()
	return "/clusters/" + e.call(t, "GET", "/clusters", "").body.at("cluster").attr("id")
}

// hostPath is the path of a host.
func (e *engine) hostPath(t *testing.T, name string) string {
	t.Helper()
	return "/hosts/" + e.call(t, "GET", "/hosts?search=name%3D"+name, "").body.at("host").attr("id")
}

// peer is a VM with a network interface, and the address that the test gives it.
type peer struct {
	*vm
	// on is where its guest runs.
	on           *daemon
	nic, address string
}

// inside runs a shell command in the guest.
func (p *peer) inside(t *testing.T, command string) (output string) {
	t.Helper()
	p.answers(t, func() (err error) {
		output, err = p.on.inside(p.id, command)
		return err
	})
	return output
}

// peers are two VMs on a network.
func (e *engine) peers(t *testing.T, network string) (found [2]*peer) {
	t.Helper()
	for i := range found {
		found[i] = e.peer(t, network, i+1)
	}
	return found
}

// peer is a VM on a network.
func (e *engine) peer(t *testing.T, network string, number int) *peer {
	t.Helper()
	v := e.create(t)
	nic := e.call(t, "POST", v.path()+"/nics", `<nic><name>nic1</name><network id="`+network+`"/></nic>`).body.attr("id")
	return &peer{vm: v, on: e.daemon, nic: v.path() + "/nics/" + nic, address: fmt.Sprintf("198.18.7.%d", number)}
}

// startOn has the VM run on a host of a farm.
func (p *peer) startOn(t *testing.T, h *farmHost) {
	t.Helper()
	p.on = &h.daemon
	p.act(t, "start", `<vm><placement_policy><host id="`+h.engineID+`"/></placement_policy></vm>`)
}

// moveTo has the VM migrate.
func (p *peer) moveTo(t *testing.T, h *farmHost) {
	t.Helper()
	p.act(t, "migrate", `<host id="`+h.engineID+`"/>`)
	p.await(t, "up")
	p.on = &h.daemon
}

// settle gives the guest its address, which no DHCP server does. The guest asks for one at
// each card that comes, and would take the address away again: what it does with answers is
// made to be nothing.
func (p *peer) settle(t *testing.T) {
	t.Helper()
	p.inside(t, "echo '#!/bin/sh' >/lib/vireo/dhcp; for n in $(seq 30); do [ -e /sys/class/net/eth0 ] && break; sleep 1; done; "+
		"killall udhcpc; ip address replace "+p.address+"/24 dev eth0 && ip link set eth0 up")
}

// change sends an update of the network interface.
func (p *peer) change(t *testing.T, elements string) {
	t.Helper()
	p.e.call(t, "PUT", p.nic, "<nic>"+elements+"</nic>")
}

// hears wants the guest to reach the other one, or not to.
func (p *peer) hears(t *testing.T, other *peer, wanted bool) {
	t.Helper()
	eventually(t, fmt.Sprintf("%s to hear %s: %v", p.name, other.name, wanted), func() (bool, string) {
		said := p.inside(t, "ping -c 1 -W 2 "+other.address+" >/dev/null 2>&1 && echo heard || echo silence")
		return (said == "heard") == wanted, said
	})
}

// TestNetworks: two guests on a logical network hear each other, and only while they are
// linked, plugged in and on the same network. The network is found by a bridge of its
// name or by the one that the host was told; what is missing is said.
func TestNetworks(t *testing.T) {
	t.Parallel()
	blue, red := newBridge(t), newBridge(t)
	e := newEngine(t, system, nil)
	e.awaitHost(t, "up")
	local := e.hostPath(t, "local")
	blueNetwork := e.network(t, blue, "<mtu>1400</mtu>")
	redNetwork := e.network(t, "red", "<mtu>1400</mtu>")
	e.network(t, "absent", "")
	e.refused(t, 409, "POST", local+"/networkattachments", `<network_attachment><network><name>red</name></network><host_nic><name>lo</name></host_nic></network_attachment>`)
	e.call(t, "POST", local+"/networkattachments", `<network_attachment><network><name>red</name></network><host_nic><name>`+red+`</name></host_nic></network_attachment>`)
	seen := e.call(t, "GET", local+"/nics", "").body
	carried := map[string]string{}
	for _, nic := range seen.all("host_nic") {
		carried[nic.text("name")] = nic.at("network").attr("id")
	}
	if carried[blue] != blueNetwork || carried[red] != redNetwork {
		t.Errorf("the host's interfaces carry %v, want %s at %s and %s at %s", carried, blueNetwork, blue, redNetwork, red)
	}

	pair := e.peers(t, blueNetwork)
	a, b := pair[0], pair[1]
	for _, p := range pair {
		p.act(t, "start")
	}
	for _, p := range pair {
		p.await(t, "up")
		p.settle(t)
	}
	a.hears(t, b, true)
	if mtu := a.inside(t, "cat /sys/class/net/eth0/mtu"); mtu != "1400" {
		t.Errorf("inside, the MTU is %s", mtu)
	}
	e.refused(t, 409, "PUT", "/networks/"+blueNetwork, "<network><mtu>1300</mtu></network>")
	e.refused(t, 409, "DELETE", "/networks/"+blueNetwork, "")

	b.change(t, "<linked>false</linked>")
	a.hears(t, b, false)
	b.change(t, "<linked>true</linked>")
	a.hears(t, b, true)

	b.change(t, `<network id="`+redNetwork+`"/>`)
	a.hears(t, b, false)
	if xml := e.daemon.must(t, "dumpxml", b.id); !strings.Contains(xml, "<source bridge='"+red+"'/>") {
		t.Errorf("the guest is not on the bridge %s:\n%s", red, xml)
	}
	profile := e.call(t, "GET", "/networks/"+blueNetwork+"/vnicprofiles", "").body.at("vnic_profile").attr("id")
	b.change(t, `<vnic_profile id="`+profile+`"/>`)
	a.hears(t, b, true)

	e.call(t, "POST", b.nic+"/deactivate", "<action/>")
	a.hears(t, b, false)
	if left := b.inside(t, "ls /sys/class/net"); strings.Contains(left, "eth") {
		t.Errorf("the guest still has a network card: %s", left)
	}
	e.call(t, "POST", b.nic+"/activate", "<action/>")
	b.settle(t)
	a.hears(t, b, true)

	said := e.refused(t, 409, "PUT", b.nic, "<nic><network><name>absent</name></network></nic>")
	if !strings.Contains(said.text, "has no network absent") {
		t.Errorf("the refusal is %s", said.text)
	}
	c := e.peers(t, e.call(t, "GET", "/networks?search=name%3Dabsent", "").body.at("network").attr("id"))[0]
	said = e.refused(t, 409, "POST", c.path()+"/start", "<action/>")
	if !strings.Contains(said.text, "network(s) absent are missing") {
		t.Errorf("the refusal is %s", said.text)
	}
}

// TestBridgeThatComes: a bridge that the host's administrator makes while the engine
// runs can be used, and one that is gone no more.
func TestBridgeThatComes(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	e.awaitHost(t, "up")
	name := newBridge(t)
	id := e.network(t, name, "")
	p := e.peers(t, id)[0]
	state := func() string {
		return e.call(t, "GET", e.cluster(t)+"/networks/"+id, "").body.text("status/state")
	}
	eventually(t, "the bridge to be seen", func() (bool, string) { return state() == "operational", state() })
	p.up(t)
	p.act(t, "stop")
	ip(t, "link", "delete", name)
	eventually(t, "the bridge to be missed", func() (bool, string) { return state() == "non_operational", state() })
	e.refused(t, 409, "POST", p.path()+"/start", "<action/>")
}

// addCard gives a host of a farm a network card of that name, which leads to a switch outside,
// and gives the other end.
func (h *farmHost) addCard(t *testing.T, name, toSwitch string) (port string) {
	t.Helper()
	port = linkName('h')
	ip(t, "link", "add", port, "type", "veth", "peer", "name", name, "netns", strconv.Itoa(h.first))
	t.Cleanup(func() { _ = exec.Command("ip", "link", "delete", port).Run() })
	ip(t, "link", "set", port, "master", toSwitch, "up")
	need(t, h.run("ip", "link", "set", name, "up"))
	return port
}

// addBridge gives a host of a farm a bridge, with the network card if one is named.
func (h *farmHost) addBridge(t *testing.T, name, card string) {
	t.Helper()
	need(t, h.run("ip", "link", "add", name, "type", "bridge"))
	if card != "" {
		need(t, h.run("ip", "link", "set", card, "master", name))
	}
	need(t, h.run("ip", "link", "set", name, "up"))
}

// ownCards makes a host of a farm see network interfaces of its own, and not the machine's.
func (h *farmHost) ownCards(t *testing.T) {
	t.Helper()
	need(t, h.run("mount", "-t", "sysfs", "sysfs", "/sys"))
}

// TestNetworksOfTwoHosts: two guests on two hosts hear each other across the bridges that
// their hosts have for a network, one called like it and one that the engine was told,
// also after one of them has migrated to the other host and back; and no more when one
// is moved to a bridge that is joined with nothing.
func TestNetworksOfTwoHosts(t *testing.T) {
	t.Parallel()
	y := farm(t, 2)
	between := newBridge(t)
	for i, name := range []string{"blue", "sky"} {
		h := y.hosts[i]
		h.ownCards(t)
		h.addCard(t, "eth1", between)
		h.addBridge(t, name, "eth1")
		h.addBridge(t, "lonely", "")
	}
	e := y.engine(t, nil)
	blue, apart := e.network(t, "blue", "<mtu>1400</mtu>"), e.network(t, "lonely", "<mtu>1400</mtu>")
	e.call(t, "POST", "/hosts/"+y.hosts[1].engineID+"/networkattachments",
		`<network_attachment><network id="`+blue+`"/><host_nic><name>sky</name></host_nic></network_attachment>`)
	pair := e.peers(t, blue)
	for i, p := range pair {
		p.startOn(t, y.hosts[i])
	}
	for i, p := range pair {
		p.await(t, "up")
		if on := p.get(t).at("host").attr("id"); on != y.hosts[i].engineID {
			t.Errorf("%s runs on host %s, want %s", p.name, on, y.hosts[i].engineID)
		}
		p.settle(t)
	}
	a, b := pair[0], pair[1]
	a.hears(t, b, true)
	for _, step := range []struct {
		to     *farmHost
		bridge string
	}{{y.hosts[0], "blue"}, {y.hosts[1], "sky"}} {
		b.moveTo(t, step.to)
		if xml := b.on.must(t, "dumpxml", b.id); !strings.Contains(xml, "<source bridge='"+step.bridge+"'/>") {
			t.Errorf("on %s the guest is not on the bridge %s:\n%s", step.to.name, step.bridge, xml)
		}
		a.hears(t, b, true)
		b.hears(t, a, true)
	}
	b.change(t, `<network id="`+apart+`"/>`)
	a.hears(t, b, false)
	b.change(t, `<network><name>blue</name></network>`)
	a.hears(t, b, true)
}
