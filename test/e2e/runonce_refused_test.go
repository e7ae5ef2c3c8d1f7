package e2e

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// TestRunOnceRefused asks for runs that cannot be. Each is refused with its code
// and a sentence, and afterwards the VM and the host are as they were.
func TestRunOnceRefused(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	e.set(t, "UserDefinedVMProperties", "color=red|blue")
	v := e.create(t)
	for _, c := range refusedRuns {
		t.Run(c.name, func(t *testing.T) { v.refuses(t, c.code, c.body, c.says) })
	}
	t.Run("a disk that is not active", func(t *testing.T) {
		disk := v.addDisk(t, "16777216")
		e.call(t, "POST", v.path()+"/disks/"+disk+"/deactivate", "<action/>")
		v.refuses(t, 409, bootFrom("hd"), "no disk of the VM is active")
	})
	t.Run("stateless and highly available", func(t *testing.T) {
		e.call(t, "PUT", v.path(), `<vm><high_availability><enabled>true</enabled></high_availability></vm>`)
		v.refuses(t, 409, runStateless, "A stateless VM cannot be highly available.")
	})
	t.Run("a host that is full", func(t *testing.T) { fullHost(t, e) })
	t.Run("a VM that is not down", func(t *testing.T) { notDown(t, e) })
}

// bootFrom is a run that boots from a device, and so has no kernel of its own.
func bootFrom(device string) string {
	return `<vm><os><boot dev="` + device + `"/><kernel></kernel><initrd></initrd><cmdline></cmdline></os></vm>`
}

// cloudInit is a run with this initialization.
func cloudInit(initialization string) string {
	return "<use_cloud_init>true</use_cloud_init><vm><initialization>" + initialization + "</initialization></vm>"
}

// staticNIC is a run with an interface of this address.
func staticNIC(ip string) string {
	return cloudInit(`<nic_configurations><nic_configuration><name>eth0</name><boot_protocol>static</boot_protocol>
		<ip ` + ip + `/></nic_configuration></nic_configurations>`)
}

func onHost(host string) string {
	return "<vm><placement_policy>" + host + "</placement_policy></vm>"
}

func withCD(name string) string {
	return `<vm><cdroms><cdrom><file id="` + name + `"/></cdrom></cdroms></vm>`
}

func withFloppy(name string) string {
	return `<vm><floppies><floppy><file id="` + name + `"/></floppy></floppies></vm>`
}

// refusedRuns are the elements of start actions, with the code and a part of what
// is said.
var refusedRuns = []struct {
	name string
	code int
	body string
	says string
}{
	{"no such ISO", 400, withCD("missing.iso"), `Invalid ISO image path: the ISO domain has no file "missing.iso".`},
	{"no such floppy", 400, withFloppy("missing.vfd"), `Invalid Floppy image path: the ISO domain has no file "missing.vfd".`},
	{"an ISO by a path", 400, withCD("../vireo.db"), "Invalid ISO image path"},
	{"an ISO by a longer path", 400, withCD("../../../../etc/passwd"), "Invalid ISO image path"},
	{"an ISO by an absolute path", 400, withCD("/etc/passwd"), "Invalid ISO image path"},
	{"a floppy by a path", 400, withFloppy("../vireo.db"), "Invalid Floppy image path"},
	{"a kernel by a path", 400, `<vm><os><kernel>iso://../vireo.db</kernel></os></vm>`, "Invalid ISO image path"},
	{"no such kernel in the ISO domain", 400, `<vm><os><kernel>iso://missing</kernel></os></vm>`, `the ISO domain has no file "missing"`},
	{"no such kernel on the host", 400, `<vm><os><kernel>/nonexistent/kernel</kernel></os></vm>`, "/nonexistent/kernel"},
	{"a kernel that is no path", 400, `<vm><os><kernel>vmlinuz</kernel></os></vm>`, "neither iso://file nor an absolute path"},
	{
		"an initrd without a kernel", 400, `<vm><os><kernel></kernel><cmdline></cmdline></os></vm>`,
		"An initrd or kernel parameters need a kernel.",
	},
	{"a disk to boot from", 409, bootFrom("hd"), "The boot sequence starts with the hard disk, and the VM has none."},
	{"a network to boot from", 409, bootFrom("network"), "The boot sequence starts with the network, and the VM has no network interface."},
	{"a device twice", 400, `<vm><os><boot dev="hd"/><boot dev="hd"/></os></vm>`, "The boot sequence names hd twice."},
	{"no such device", 400, bootFrom("tape"), "tape is not a member of BootDevice"},

	{"no such host by id", 404, onHost(`<host id="11111111-2222-3333-4444-555555555555"/>`), "Entity not found: Hosts: id=11111111-2222-3333-4444-555555555555"},
	{"no such host by name", 404, onHost(`<host><name>nowhere</name></host>`), "Entity not found: Hosts: name=nowhere"},
	{"no id of a host", 400, onHost(`<host id="../local"/>`), "is not a valid id of a host"},

	{"an address", 400, staticNIC(`address="192.168.1.256" netmask="255.255.255.0"`), `The address "192.168.1.256" of the nic "eth0"`},
	{"no address", 400, staticNIC(`netmask="255.255.255.0"`), `The nic "eth0" is static and has no address.`},
	{"a netmask", 400, staticNIC(`address="192.168.1.2" netmask="255.0.255.0"`), `The netmask "255.0.255.0" of the nic "eth0"`},
	{"a gateway elsewhere", 400, staticNIC(`address="192.168.1.2" netmask="24" gateway="10.0.0.1"`), `The gateway "10.0.0.1" of the nic "eth0" is not in the network 192.168.1.0/24.`},
	{"a boot protocol", 400, cloudInit(`<nic_configurations><nic_configuration><name>eth0</name><boot_protocol>bootp</boot_protocol></nic_configuration></nic_configurations>`), "bootp is not a member of BootProtocol"},
	{"a key", 400, cloudInit("<authorized_ssh_keys>ssh-rsa geheim</authorized_ssh_keys>"), `An authorized key of the user "root" is not one OpenSSH public key on one line.`},
	{"a host name", 400, cloudInit("<host_name>a_b!</host_name>"), `"a_b!"`},
	{"a DNS server", 400, cloudInit("<dns_servers>example.com</dns_servers>"), `The DNS server "example.com" is no IP address.`},
	{"a script that is no map", 400, cloudInit("<custom_script>- geheim</custom_script>"), "custom_script"},
	{
		"cloud-init and sysprep", 409, "<use_cloud_init>true</use_cloud_init><use_sysprep>true</use_sysprep>",
		"Cannot use sysprep and cloud_init tags simultaneously when running VM.",
	},
	{
		"cloud_init and sysprep", 409,
		"<use_sysprep>true</use_sysprep><vm><initialization><cloud_init><host><address>a</address></host></cloud_init></initialization></vm>",
		"Cannot use sysprep and cloud_init tags simultaneously when running VM.",
	},

	{"a custom property", 400, `<vm><custom_properties><custom_property name="shape" value="round"/></custom_properties></vm>`, `The custom property "shape" is not known.`},
	{"the value of a custom property", 400, `<vm><custom_properties><custom_property name="color" value="green"/></custom_properties></vm>`, `The value of the custom property "color" is not allowed.`},
	{"a machine type", 409, `<vm><custom_emulated_machine>pc-i440fx-77.7</custom_emulated_machine></vm>`, "it does not support the machine type pc-i440fx-77.7"},
	{"a CPU model", 400, `<vm><custom_cpu_model>Nehalennia</custom_cpu_model></vm>`, "Nehalennia"},
	{"a display", 400, `<vm><display><type>telex</type></display></vm>`, "telex is not a member of DisplayType"},
	{"a keyboard layout", 400, `<vm><display><keyboard_layout>../de</keyboard_layout></display></vm>`, "The keyboard layout is not a word such as en-us."},
	{"CPU shares", 400, `<vm><cpu_shares>-1</cpu_shares></vm>`, "The CPU shares must be between 0 and 262144."},
}

// fullHost: a VM with more memory than the host has, on any host and on that one.
func fullHost(t *testing.T, e *engine) {
	host := e.call(t, "GET", "/hosts?search=name%3Dlocal", "").body.at("host")
	memory, err := strconv.ParseInt(host.text("memory"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	v := e.create(t)
	e.call(t, "PUT", v.path(), fmt.Sprintf("<vm><memory>%d</memory></vm>", memory+1<<30))
	const says = "The host local did not satisfy internal filter Memory because its available memory is too low"
	v.refuses(t, 409, "<vm/>", says)
	v.refuses(t, 409, onHost("<host><name>local</name></host>"), says)
	v.refuses(t, 409, onHost(`<host id="`+host.attr("id")+`"/>`), "Note: The VM is pinned to Host 'local' but cannot run on it.")
}

// notDown: overrides are for runs that begin.
func notDown(t *testing.T, e *engine) {
	v := e.create(t)
	v.act(t, "start", "<pause>true</pause>")
	v.await(t, "paused")
	qemu := v.running(t)
	said := e.refused(t, 409, "POST", v.path()+"/start", "<action><vm/></action>")
	if !strings.Contains(said.text, "Cannot run VM because the VM is in Paused status.") {
		t.Errorf("a run once of a paused VM was refused with %s", said.text)
	}
	if now := v.running(t); now != qemu || v.status(t) != "paused" || v.get(t).text("run_once") != "false" {
		t.Errorf("what was refused has changed the VM: %s", v.status(t))
	}
	v.act(t, "stop")
	v.await(t, "down")
}

// refuses checks that a start with these elements is refused, that the sentence
// has this part and no secret, and that nothing has happened.
func (v *vm) refuses(t *testing.T, code int, elements, says string) {
	t.Helper()
	before := v.configuration(t)
	said := v.e.refused(t, code, "POST", v.path()+"/start", "<action>"+elements+"</action>")
	why := said.body.text("fault/reason") + " " + said.body.text("fault/detail") + said.body.text("reason") + " " + said.body.text("detail")
	if !strings.Contains(why, says) {
		t.Errorf("the refusal says %q, want %q in it", why, says)
	}
	if strings.Contains(why, "geheim") {
		t.Errorf("the refusal tells a secret: %s", why)
	}
	v.untouched(t, before)
}

// untouched checks that a VM which was not started is as before, with nothing of
// it on the host.
func (v *vm) untouched(t *testing.T, before string) {
	t.Helper()
	v.await(t, "down")
	if after := v.configuration(t); after != before {
		t.Errorf("what was refused has changed the VM:\n%s\nbefore:\n%s", after, before)
	}
	v.gone(t)
	v.noSeeds(t)
}
