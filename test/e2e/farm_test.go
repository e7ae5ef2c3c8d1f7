package e2e

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"vireo/internal/model"
)

// yard is a network with hosts on it: each a libvirt daemon in namespaces of its own,
// with a network card, a host name and an identity of its own. All of them see this
// machine's files, so that every directory is shared storage. The machine itself, where
// engines run, has a leg on the network and nothing else of it.
type yard struct {
	hosts []*farmHost
	// bridge is the switch, and the machine's leg.
	bridge string
}

// farmHost is one host of a farm.
type farmHost struct {
	daemon
	yard *yard
	// name is its host name, IP its address on the farm's network.
	name, IP string
	// id is what its libvirt says it is, engineID what an engine calls it.
	id, engineID string

	bridge string
	// port is where it is plugged into the switch, an interface of the machine.
	port    string
	folder  string
	network *net.IPNet
	// first is the process 1 of its namespaces, seen from outside; 0 while it is dead.
	first int
	end   func()
}

// Names of interfaces: "vf", the process that made them, a letter for the kind, a number.
var linkNames = regexp.MustCompile(`^vf(\d+)[bh]\d+$`)

// farms counts the networks and links of this process.
var farms atomic.Int64

// hostSetUp gives a host folders and a boot id of its own, and waits for its card.
const hostSetUp = `
set -e
mount --make-rprivate /
for place in etc var/lib var/log var/cache; do
	mount --bind "$1/$place" "/$place/libvirt"
done
mount -t tmpfs -o mode=0755 tmpfs /run/libvirt
mount --bind "$1/boot_id" /proc/sys/kernel/random/boot_id
hostname "$(cat "$1/name")"
ip link set lo up
exec tini -s -- sleep infinity
`

// farm starts so many hosts, with further lines for their libvirtd.conf. They answer at
// qemu+tcp addresses, which an engine needs --allow-insecure-hosts for. They and their
// guests go when the test ends.
func farm(t *testing.T, count int, settings ...string) *yard {
	t.Helper()
	return farmWith(t, count, map[string][]string{"libvirtd.conf": settings})
}

// farmWith is farm with further lines for what libvirt reads, by file.
func farmWith(t *testing.T, count int, settings map[string][]string) *yard {
	t.Helper()
	network := freeNetwork(t)
	y := &yard{bridge: linkName('b')}
	t.Cleanup(func() { _ = exec.Command("ip", "link", "delete", y.bridge).Run() })
	ip(t, "link", "add", y.bridge, "type", "bridge")
	ip(t, "address", "add", inside(network, 1).String()+"/24", "dev", y.bridge)
	ip(t, "link", "set", y.bridge, "up")
	for i := range count {
		h := &farmHost{
			yard: y,
			name: fmt.Sprintf("vireo-farm-%c", 'a'+i), id: string(model.NewID()), IP: inside(network, 10+i).String(),
			bridge: y.bridge, folder: newDataDir(t), network: network,
		}
		h.address = "qemu+tcp://" + h.IP + "/system"
		h.furnish(t, settings)
		t.Cleanup(h.kill)
		h.boot(t)
		y.hosts = append(y.hosts, h)
	}
	return y
}

// engine serves with the hosts of the farm: the first is called local, the others by
// their names.
func (y *yard) engine(t *testing.T, options map[string]string) *engine {
	t.Helper()
	e := newEngine(t, &y.hosts[0].daemon, options)
	for _, h := range y.hosts[1:] {
		said := e.call(t, "POST", "/hosts", `<host><name>`+h.name+`</name><address>`+h.address+`</address><cluster><name>Default</name></cluster></host>`)
		h.engineID = said.body.attr("id")
	}
	y.hosts[0].engineID = e.call(t, "GET", "/hosts?search=name%3Dlocal", "").body.at("host").attr("id")
	for _, h := range y.hosts {
		h.awaitStatus(t, e, "up")
	}
	return e
}

// awaitStatus waits until an engine says this of the host.
func (h *farmHost) awaitStatus(t *testing.T, e *engine, status string) {
	t.Helper()
	eventually(t, h.name+" to be "+status, func() (bool, string) {
		said := e.call(t, "GET", "/hosts/"+h.engineID, "").body
		return said.text("status/state") == status, "it is " + said.text("status/state") + " " + said.text("status/detail")
	})
}

// furnish writes what libvirt reads.
func (h *farmHost) furnish(t *testing.T, settings map[string][]string) {
	t.Helper()
	for _, place := range []string{"etc", "var/lib", "var/log", "var/cache"} {
		if err := os.MkdirAll(filepath.Join(h.folder, place), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range map[string]string{
		"name": h.name,
		"etc/libvirtd.conf": strings.Join(append([]string{
			`listen_tls = 0`, `listen_tcp = 1`, `auth_tcp = "none"`, `listen_addr = "` + h.IP + `"`, `host_uuid = "` + h.id + `"`,
		}, settings["libvirtd.conf"]...), "\n") + "\n",
		"etc/qemu.conf": strings.Join(append([]string{
			`security_driver = "none"`, `cgroup_controllers = [ ]`, `stdio_handler = "file"`,
			`migration_host = "` + h.IP + `"`, `migration_address = "` + h.IP + `"`,
		}, settings["qemu.conf"]...), "\n") + "\n",
		"etc/qemu-sanlock.conf": strings.Join(settings["qemu-sanlock.conf"], "\n") + "\n",
	} {
		if err := os.WriteFile(filepath.Join(h.folder, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// boot switches the host on: it has what libvirt keeps on disk, and a new boot id.
func (h *farmHost) boot(t *testing.T) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(h.folder, "boot_id"), []byte(string(model.NewID())+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	h.first, h.end = namespaces(t, h.folder, hostSetUp)
	h.port = linkName('h')
	ip(t, "link", "add", h.port, "type", "veth", "peer", "name", "eth0", "netns", strconv.Itoa(h.first))
	ip(t, "link", "set", h.port, "master", h.bridge, "up")
	need(t, h.run("ip", "address", "add", h.IP+"/24", "dev", "eth0"))
	need(t, h.run("ip", "link", "set", "eth0", "up"))
	h.startDaemon(t)
}

// kill switches the host off, all at once, as a power failure does. Nothing is done to
// one that is off.
func (h *farmHost) kill() {
	if h.end == nil {
		return
	}
	h.end()
	_ = exec.Command("ip", "link", "delete", h.port).Run()
	h.first, h.end = 0, nil
}

// cut takes the host off the network while it and its guests go on; join brings it back.
func (h *farmHost) cut(t *testing.T)  { t.Helper(); ip(t, "link", "set", h.port, "down") }
func (h *farmHost) join(t *testing.T) { t.Helper(); ip(t, "link", "set", h.port, "up") }

// startDaemon starts the host's libvirt; the network must be joined.
func (h *farmHost) startDaemon(t *testing.T) {
	t.Helper()
	// The one before, which was told to end, may still have its file.
	eventually(t, "the libvirt before to have ended", func() (bool, string) {
		return h.run("sh", "-c", "kill -0 $(cat /run/libvirt/e2e.pid)") != nil, "it is there"
	})
	need(t, h.run("env", sanlockPlace, "libvirtd", "--daemon", "--listen", "--pid-file", "/run/libvirt/e2e.pid"))
	// The first to ask waits for a daemon that looks at its QEMUs; one that has asked before it was
	// there may wait for nothing.
	within(t, 2*patience, "the libvirt of "+h.name, func() (bool, string) {
		_, err := h.virshIn(patience/4, "uri")
		return err == nil, fmt.Sprint(err)
	})
}

// signal sends the host's daemon, and not its guests, a signal.
func (h *farmHost) signal(t *testing.T, signal string) {
	t.Helper()
	need(t, h.run("sh", "-c", "kill -"+signal+" $(cat /run/libvirt/e2e.pid)"))
}

// run runs a program on the host.
func (h *farmHost) run(command ...string) error {
	_, err := h.says(command...)
	return err
}

// output is what a program on the host writes.
func (h *farmHost) output(t *testing.T, command ...string) string {
	t.Helper()
	output, err := h.says(command...)
	need(t, err)
	return output
}

func (h *farmHost) says(command ...string) (string, error) {
	output, err := exec.Command("nsenter", append([]string{"--target", strconv.Itoa(h.first), "--all"}, command...)...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s on %s: %w: %s", strings.Join(command, " "), h.name, err, output)
	}
	return string(output), nil
}

// seen is a path of the host as this machine sees it, for folders that are the host's own.
func (h *farmHost) seen(path string) string {
	return fmt.Sprintf("/proc/%d/root%s", h.first, path)
}

// domains are the names of all guests that the host knows.
func (h *farmHost) domains(t *testing.T) []string {
	t.Helper()
	output, err := h.virsh("list", "--all", "--name")
	need(t, err)
	return strings.Fields(output)
}

// linkName makes the name of an interface that is used once.
func linkName(kind rune) string { return fmt.Sprintf("vf%d%c%d", os.Getpid(), kind, farms.Add(1)) }

// freeNetwork finds a /24 of 198.18.0.0/15, the range that is set apart for tests of
// networks (RFC 2544), of which no interface of the machine has an address.
func freeNetwork(t *testing.T) *net.IPNet {
	t.Helper()
	var choice [2]byte
	for range 100 {
		_, _ = rand.Read(choice[:])
		_, network, err := net.ParseCIDR(fmt.Sprintf("198.%d.%d.0/24", 18+choice[0]&1, choice[1]))
		if err != nil {
			t.Fatal(err)
		}
		output, err := exec.Command("ip", "-json", "route", "get", inside(network, 1).String()).Output()
		var routes []struct{ Dev, Gateway string }
		// A route through a gateway, or none at all, says that the network is not here.
		if err != nil || json.Unmarshal(output, &routes) == nil && len(routes) == 1 && routes[0].Gateway != "" {
			return network
		}
	}
	t.Fatal("no network is free for a farm")
	return nil
}

// inside is an address of a /24.
func inside(network *net.IPNet, last int) net.IP {
	address := network.IP.To4()
	return net.IPv4(address[0], address[1], address[2], byte(last))
}

func need(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func ip(t *testing.T, arguments ...string) {
	t.Helper()
	if output, err := exec.Command("ip", arguments...).CombinedOutput(); err != nil {
		t.Fatalf("ip %s: %v: %s", strings.Join(arguments, " "), err, output)
	}
}

// sweepLinks removes the interfaces of processes that are dead. Hosts go with the process
// that made them.
func sweepLinks(dead func(process string) bool) {
	interfaces, _ := net.Interfaces()
	for _, link := range interfaces {
		if named := linkNames.FindStringSubmatch(link.Name); named != nil && dead(named[1]) {
			_ = exec.Command("ip", "link", "delete", link.Name).Run()
		}
	}
}
