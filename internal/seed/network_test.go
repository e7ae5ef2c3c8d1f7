package seed

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestResolverScript runs the boot command twice in a folder that looks like a
// guest with systemd-resolved, a DHCP client and a resolv.conf of its own.
func TestResolverScript(t *testing.T) {
	guest := t.TempDir()
	for name, content := range map[string]string{
		"run/systemd/resolve/x":  "",
		"etc/dhcp/dhclient.conf": "timeout 300;\n",
		"etc/resolv.conf":        "nameserver 9.9.9.9\n",
		"bin/systemctl":          "#!/bin/sh\necho \"$@\" >> " + guest + "/asked\n",
	} {
		path := filepath.Join(guest, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", filepath.Join(guest, "bin")+":"+os.Getenv("PATH"))
	data := CloudInit{DNSServers: []string{"192.168.122.1", "fd00::1"}, DNSSearch: []string{"a.example", "b.example"}}
	script := strings.NewReplacer("/etc/", guest+"/etc/", "/run/", guest+"/run/").Replace(data.resolverScript())
	for range 2 {
		if out, err := exec.Command("sh", "-eu", "-c", script).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	for name, want := range map[string]string{
		"etc/systemd/resolved.conf.d/50-cloud-init.conf": "[Resolve]\nDNS=192.168.122.1 fd00::1\nDomains=a.example b.example\n",
		"etc/dhcp/dhclient.conf": "timeout 300;\nsupersede domain-name-servers 192.168.122.1; # cloud-init\n" +
			"supersede domain-search \"a.example\", \"b.example\"; # cloud-init\n",
		"etc/resolv.conf": "search a.example b.example\nnameserver 192.168.122.1\nnameserver fd00::1\n",
		"asked":           strings.Repeat("--no-block restart systemd-resolved\n", 2),
	} {
		got, err := os.ReadFile(filepath.Join(guest, name))
		if err != nil || string(got) != want {
			t.Errorf("%s: %q (%v), want %q", name, got, err, want)
		}
	}
}

// TestInterfaces: one name for both families, in either order.
func TestInterfaces(t *testing.T) {
	data := CloudInit{
		NICs: []NIC{
			{"eth0", ProtocolStatic, "fd00::31", "64", "", true},
			{"eth0", ProtocolDHCP, "", "", "", true},
			{"eth1", ProtocolStatic, "10.0.0.2", "255.255.0.0", "10.0.0.1", false},
		},
		DNSSearch: []string{"a.example"},
	}
	const want = `auto eth0
iface eth0 inet6 static
    address fd00::31
    netmask 64
    dns-search a.example

auto eth0:1
iface eth0:1 inet dhcp

iface eth1 inet static
    address 10.0.0.2
    netmask 255.255.0.0
    gateway 10.0.0.1
    dns-search a.example
`
	if got := data.interfaces(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
