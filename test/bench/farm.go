package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/digitalocean/go-libvirt"
	"github.com/digitalocean/go-libvirt/socket/dialers"
	"github.com/google/uuid"
)

// farmHost is a host with a libvirt of its own on this machine, in namespaces: it shares
// the files with it and with other hosts, and has a network card, a name and an identity
// of its own.
type farmHost struct {
	*hypervisor
	address, folder, port string
	// first is the process 1 of its namespaces.
	first  int
	holder *exec.Cmd
}

// farm are hosts on a network of their own.
type farm struct {
	bridge string
	hosts  []*farmHost
}

// hostSetUp gives a host folders of its own and waits for its card.
const hostSetUp = `
set -e
mount --make-rprivate /
for place in etc var/lib var/log var/cache; do mount --bind "$1/$place" "/$place/libvirt"; done
mount -t tmpfs -o mode=0755 tmpfs /run/libvirt
mount --bind "$1/boot_id" /proc/sys/kernel/random/boot_id
hostname "$(cat "$1/name")"
ip link set lo up
exec tini -s -- sleep infinity
`

// openFarm starts so many hosts. They answer at qemu+tcp addresses.
func openFarm(ctx context.Context, s *settings, count int) (*farm, error) {
	name := "vb" + strconv.Itoa(os.Getpid())
	all := &farm{bridge: name}
	const network = "198.19.255."
	for _, arguments := range []string{
		"link add " + name + " type bridge", "address add " + network + "1/24 dev " + name, "link set " + name + " up",
	} {
		if err := command(ctx, "ip", strings.Fields(arguments)...); err != nil {
			return all, err
		}
	}
	for i := range count {
		m := &farmHost{folder: filepath.Join(s.folder, fmt.Sprintf("host%d", i)), port: fmt.Sprintf("%sh%d", name, i)}
		all.hosts = append(all.hosts, m)
		ip := network + strconv.Itoa(10+i)
		m.address = "qemu+tcp://" + ip + "/system"
		if err := m.furnish(ip, fmt.Sprintf("vireo-bench-%d", i)); err != nil {
			return all, err
		}
		if err := m.boot(ctx, ip, all.bridge); err != nil {
			return all, fmt.Errorf("starting a host: %w", err)
		}
		m.hypervisor = &hypervisor{uri: m.address, rpc: libvirt.NewWithDialer(dialers.NewRemote(ip))}
		if err := m.rpc.ConnectToURI("qemu:///system"); err != nil {
			return all, fmt.Errorf("connecting to a host: %w", err)
		}
	}
	return all, nil
}

// furnish writes what libvirt reads.
func (m *farmHost) furnish(ip, name string) error {
	files := map[string]string{
		"name": name, "boot_id": uuid.NewString() + "\n",
		"etc/libvirtd.conf": fmt.Sprintf("listen_tls = 0\nlisten_tcp = 1\nauth_tcp = \"none\"\nlisten_addr = %q\nhost_uuid = %q\n", ip, uuid.NewString()),
		"etc/qemu.conf":     fmt.Sprintf("security_driver = \"none\"\ncgroup_controllers = [ ]\nstdio_handler = \"file\"\nmigration_host = %q\nmigration_address = %q\n", ip, ip),
	}
	for _, place := range []string{"etc", "var/lib", "var/log", "var/cache"} {
		if err := os.MkdirAll(filepath.Join(m.folder, place), 0o755); err != nil {
			return err
		}
	}
	for file, content := range files {
		if err := os.WriteFile(filepath.Join(m.folder, file), []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// boot makes the namespaces, plugs the host in and starts its libvirt.
func (m *farmHost) boot(ctx context.Context, ip, bridge string) error {
	m.holder = exec.Command("unshare", "--mount", "--uts", "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
		"sh", "-c", hostSetUp, "sh", m.folder)
	m.holder.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := m.holder.Start(); err != nil {
		return err
	}
	err := until(ctx, func() error {
		children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", m.holder.Process.Pid, m.holder.Process.Pid))
		if err != nil {
			return err
		}
		if m.first, err = strconv.Atoi(strings.TrimSpace(string(children))); err != nil {
			return err
		}
		if running := field(fmt.Sprintf("/proc/%d/status", m.first), "Name"); running != "tini" {
			return fmt.Errorf("process 1 is %s", running)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := command(ctx, "ip", "link", "add", m.port, "type", "veth", "peer", "name", "eth0", "netns", strconv.Itoa(m.first)); err != nil {
		return err
	}
	if err := command(ctx, "ip", "link", "set", m.port, "master", bridge, "up"); err != nil {
		return err
	}
	for _, run := range []string{"ip address add " + ip + "/24 dev eth0", "ip link set eth0 up", "libvirtd --daemon --listen --pid-file /run/libvirt/bench.pid"} {
		if err := command(ctx, "nsenter", append([]string{"--target", strconv.Itoa(m.first), "--all"}, strings.Fields(run)...)...); err != nil {
			return err
		}
	}
	return until(ctx, func() error { return command(ctx, "virsh", "-q", "-c", m.address, "uri") })
}

// until tries until there is no error.
func until(ctx context.Context, do func() error) error {
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		err := do()
		if err == nil {
			return nil
		}
		select {
		case <-again.C:
		case <-bounded.Done():
			return err
		}
	}
}

// virsh runs a command on the host.
func (m *farmHost) virsh(ctx context.Context, arguments ...string) error {
	return command(ctx, "virsh", append([]string{"-q", "-c", m.address}, arguments...)...)
}

// close ends the hosts, and with them their guests.
func (all *farm) close() {
	for _, m := range all.hosts {
		if m.hypervisor != nil {
			_ = m.rpc.Disconnect()
		}
		if m.holder != nil && m.holder.Process != nil {
			_ = m.holder.Process.Kill()
			_ = m.holder.Wait()
		}
		_ = exec.Command("ip", "link", "delete", m.port).Run()
	}
	_ = exec.Command("ip", "link", "delete", all.bridge).Run()
}
