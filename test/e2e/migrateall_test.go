package e2e

import (
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMigrateWithEverything moves one guest that has all that a run can have: what was
// asked for this run only, a floppy, a cloud-init drive, a CD that was put in, a snapshot,
// a disk and a network interface that were plugged in. Two of the hosts have certificates,
// so that it goes by TLS between them. Then the destination dies, and the guest is
// suspended and goes on elsewhere.
func TestMigrateWithEverything(t *testing.T) {
	t.Parallel()
	y := farm(t, 3)
	for _, h := range y.hosts {
		need(t, h.run("mount", "-t", "sysfs", "sysfs", "/sys"))
		need(t, h.run("ip", "link", "add", "blue", "type", "bridge"))
		need(t, h.run("ip", "link", "set", "blue", "up"))
	}
	e := newEngine(t, &y.hosts[0].daemon, nil)
	y.hosts[0].engineID = strings.TrimPrefix(e.hostPath(t, "local"), "/hosts/")
	for i, h := range y.hosts {
		h.certified(t, e)
		if i > 0 {
			path := e.hostOf(t, h.name, "<address>qemu+tls://"+h.IP+"/system</address>")
			e.hostIs(t, path, "up")
			h.engineID = strings.TrimPrefix(path, "/hosts/")
		}
	}
	y.hosts[0].awaitStatus(t, e, "up")
	l := loaded(t, y, e)
	t.Run("by TLS", func(t *testing.T) { l.byTLS(t) })
	t.Run("refused in the clear", func(t *testing.T) { l.inTheClear(t) })
	t.Run("tunnelled", func(t *testing.T) { l.tunnelled(t) })
	t.Run("a destination dies", func(t *testing.T) { l.destinationDies(t) })
	t.Run("cancellations race", func(t *testing.T) { l.races(t, 4) })
	t.Run("suspended", func(t *testing.T) { l.sleeps(t) })
	l.act(t, "stop")
	l.await(t, "down")
	l.at.clean(t, l.vm)
}

// certified gives a host what `vireo host cert` makes for it, where libvirt and QEMU look
// for that, and has its libvirt listen for TLS.
func (h *farmHost) certified(t *testing.T, e *engine) {
	t.Helper()
	out := filepath.Join(h.folder, "pki")
	if said, err := e.tool("host", "cert", h.name, h.IP, "--out", out); err != nil {
		t.Fatalf("host cert: %v: %s", err, said)
	}
	if output, err := exec.Command("chown", "-R", "libvirt-qemu", filepath.Join(out, "etc/pki/qemu")).CombinedOutput(); err != nil {
		t.Fatalf("chown: %v: %s", err, output)
	}
	need(t, h.run("sh", "-ec", `mount -t overlay -o "lowerdir=$1/pki/etc:/etc" overlay /etc; mount --bind "$1/etc" /etc/libvirt; mount --bind "$1/pki/etc/pki/qemu" /etc/pki/qemu`, "sh", h.folder))
	h.secure(t, "/etc/pki")
}

// load is a guest with everything.
type load struct {
	*mover
	*snapshots
}

// loaded starts the guest on the second host and gives it what it has not got yet.
func loaded(t *testing.T, y *yard, e *engine) *load {
	t.Helper()
	for _, name := range []string{hardwareKernelFile, hardwareInitrdFile} {
		e.putISO(t, guestFolder, name)
	}
	e.writeISO(t, "tools.vfd", floppyImage("from the floppy"))
	e.writeISO(t, "tool.iso", make([]byte, 1<<20))
	blue := e.network(t, "blue", "")
	e.daemon = &y.hosts[1].daemon
	v := e.create(t)
	l := &load{&mover{v, y.hosts[1]}, &snapshots{v: v, disk: v.addDiskOf(t, "cow", "67108864")}}
	e.call(t, "PUT", v.path(), "<vm><memory>268435456</memory></vm>")
	v.act(t, "start", "<use_cloud_init>true</use_cloud_init>", `<vm>
		<os><kernel>iso://`+hardwareKernelFile+`</kernel><initrd>iso://`+hardwareInitrdFile+`</initrd>
			<cmdline>console=ttyS0 quiet no_timer_check cryptomgr.notests vireo.format vireo.hostname=once</cmdline></os>
		<initialization><cloud_init><host><address>once.example.com</address></host></cloud_init></initialization>
		<floppies><floppy><file id="tools.vfd"/></floppy></floppies>
		<placement_policy><host id="`+y.hosts[1].engineID+`"/></placement_policy>
	</vm>`)
	v.await(t, "up")
	v.inside(t, "while [ ! -e /run/vireo/hardware ]; do sleep 1; done")
	l.write(t, "a")
	l.take(t, "first", "")
	l.write(t, "b")
	e.call(t, "PUT", v.path()+"/cdroms/00000000-0000-0000-0000-000000000000;current=true", `<cdrom><file id="tool.iso"/></cdrom>`)
	e.call(t, "POST", v.path()+"/nics", `<nic><name>hot</name><network id="`+blue+`"/></nic>`)
	v.addDiskOf(t, "raw", "16777216")
	v.inside(t, "for i in $(seq 25); do [ -b /dev/vdb ] && break; sleep 1; done; [ -b /dev/vdb ] && printf hot | dd of=/dev/vdb bs=512 seek=8 conv=sync 2>/dev/null; sync")
	l.whole(t)
	return l
}

// whole wants the guest to have everything.
func (l *load) whole(t *testing.T) {
	t.Helper()
	l.has(t, "a b")
	for command, want := range map[string]string{
		"hostname": "once",
		"mkdir -p /tmp/f; mount -t vfat -o ro /dev/fd0 /tmp/f; cat /tmp/f/*; umount /tmp/f":                                                                                                                   "from the floppy",
		"mkdir -p /tmp/c; for d in /dev/sr*; do mount -t iso9660 -o ro $d /tmp/c 2>/dev/null || continue; grep -o 'once.example.com' /tmp/c/openstack/latest/meta_data.json | head -n 1; umount /tmp/c; done": "once.example.com",
		"echo 3 >/proc/sys/vm/drop_caches; dd if=/dev/vdb bs=512 skip=8 count=1 2>/dev/null | tr -d '\\0'":                                                                                                    "hot",
		"cat /sys/class/net/eth0/address": l.e.call(t, "GET", l.path()+"/nics", "").body.at("nic").at("mac").attr("address"),
	} {
		l.shows(t, command, want)
	}
	now := l.get(t)
	file := l.e.call(t, "GET", l.path()+"/cdroms/00000000-0000-0000-0000-000000000000;current=true", "").body.at("file").attr("id")
	if now.text("run_once") != "true" || file != "tool.iso" {
		t.Errorf("it is shown with run_once %s and the CD %q", now.text("run_once"), file)
	}
}

func (l *load) to(h *farmHost) string { return `<host id="` + h.engineID + `"/>` }

// refusedBy asks for a migration that fails, and wants the guest not to have noticed.
func (l *load) failsWith(t *testing.T, to *farmHost, text string) {
	t.Helper()
	before := len(l.events(t))
	said := l.e.ask(t, "POST", l.path()+"/migrate", "<action><async>false</async>"+l.to(to)+"</action>")
	if said.code < 400 || !strings.Contains(said.text, text) {
		t.Errorf("it was answered %d: %s", said.code, said.text)
	}
	l.await(t, "up")
	l.running(t)
	to.clean(t, l.vm)
	if codes := l.events(t)[before:]; !slices.Equal(codes, []string{"62", "65"}) {
		t.Errorf("the events are %v", codes)
	}
}

// byTLS: QEMU sends nothing to one that has no certificate, which shows that it asks for
// it; with it, it does.
func (l *load) byTLS(t *testing.T) {
	c := l.at.yard.hosts[2]
	certificate := filepath.Join(c.folder, "pki/etc/pki/qemu/server-cert.pem")
	need(t, exec.Command("mv", certificate, certificate+".away").Run())
	l.failsWith(t, c, "server-cert.pem")
	need(t, exec.Command("mv", certificate+".away", certificate).Run())
	said := l.e.ask(t, "POST", l.path()+"/migrate", "<action><async>false</async>"+l.to(c)+"</action>")
	if said.code != 200 {
		t.Fatalf("with its certificate: %d %s", said.code, said.body.text("fault/detail"))
	}
	from := l.at
	l.find(t, from, c)
	from.clean(t, l.vm)
	l.running(t)
	l.whole(t)
}

// other is the host with certificates that the guest is not on.
func (l *load) other() *farmHost {
	if b := l.at.yard.hosts[1]; l.at != b {
		return b
	}
	return l.at.yard.hosts[2]
}

// inTheClear: a VM that is to migrate encrypted does not go to a host that is reached by
// plain TCP.
func (l *load) inTheClear(t *testing.T) {
	l.e.call(t, "PUT", l.path(), "<vm><migration><encrypted>true</encrypted></migration></vm>")
	said := l.e.refused(t, 409, "POST", l.path()+"/migrate", "<action>"+l.to(l.at.yard.hosts[0])+"</action>")
	if !strings.Contains(said.text, "is to migrate encrypted") {
		t.Errorf("it was refused with %s", said.text)
	}
	l.e.call(t, "PUT", l.path(), "<vm><migration><encrypted>inherit</encrypted></migration></vm>")
}

// tunnelled goes through the connection of the two libvirts.
func (l *load) tunnelled(t *testing.T) {
	l.e.call(t, "PUT", l.path(), "<vm><tunnel_migration>true</tunnel_migration></vm>")
	b := l.other()
	l.move(t, b, l.to(b))
	l.e.call(t, "PUT", l.path(), "<vm><tunnel_migration>false</tunnel_migration></vm>")
}

// destinationDies kills the libvirt of the host that the guest is on its way to: it stays
// where it was when that host was named, and goes to another one when it was not.
func (l *load) destinationDies(t *testing.T) {
	for _, named := range []bool{true, false} {
		e, from, before := l.e, l.at, len(l.events(t))
		e.bandwidth(t, 2)
		element, want := "", []string{"62", "128", "63"}
		if named {
			element, want = l.to(l.elsewhere()), []string{"62", "65"}
		}
		l.act(t, "migrate", element)
		var there *farmHost
		eventually(t, l.name+" to be on its way", func() (bool, string) {
			i := slices.IndexFunc(from.yard.hosts, func(h *farmHost) bool { return h != from && strings.HasPrefix(h.state(l.id), "paused") })
			if i >= 0 {
				there = from.yard.hosts[i]
			}
			return there != nil, "no host has it coming"
		})
		e.bandwidth(t, 0)
		there.signal(t, "KILL")
		l.await(t, "up")
		if at := l.get(t).at("host").attr("id"); named != (at == from.engineID) || at == there.engineID {
			t.Errorf("it is on host %s", at)
		}
		if !named {
			l.find(t, from, nil)
			from.clean(t, l.vm)
		}
		there.startDaemon(t)
		there.awaitStatus(t, e, "up")
		there.clean(t, l.vm)
		l.running(t)
		if codes := l.events(t)[before:]; !slices.Equal(codes, want) {
			t.Errorf("the events are %v, want %v", codes, want)
		}
	}
	l.whole(t)
}

// races gives up migrations at any moment: each is cancelled, and all as it was, or it is
// done and the source is free. TestCancelRaces does so a hundred times, with a guest that
// has less.
func (l *load) races(t *testing.T, rounds int) {
	e := l.e
	e.bandwidth(t, 0)
	took := 3 * time.Second
	outcomes := map[int]int{}
	for range rounds {
		from, before, counted := l.at, len(l.events(t)), l.count(t)
		to := l.elsewhere()
		began := time.Now()
		l.act(t, "migrate", l.to(to))
		time.Sleep(rand.N(took + took/4)) // any moment will do
		said := e.ask(t, "POST", l.path()+"/cancelmigration", "<action/>")
		l.await(t, "up")
		codes := l.events(t)[before:]
		outcomes[said.code]++
		if said.code == 200 {
			to.clean(t, l.vm)
			if at := l.get(t).at("host").attr("id"); at != from.engineID || !slices.Equal(codes, []string{"62", "161"}) {
				t.Errorf("it was cancelled, and is on host %s with the events %v", at, codes)
			}
		} else {
			took = time.Since(began)
			l.find(t, from, to)
			from.clean(t, l.vm)
			if codes := slices.DeleteFunc(codes, func(code string) bool { return code == "162" }); !slices.Equal(codes, []string{"62", "63"}) {
				t.Errorf("it was done (%d), with the events %v", said.code, codes)
			}
		}
		l.running(t)
		if after := l.count(t); after < counted {
			t.Errorf("the guest had counted to %d and is at %d", counted, after)
		}
	}
	t.Logf("the cancellations were answered %v", outcomes)
	l.whole(t)
}

// sleeps suspends the guest and has it go on at another host, which the one that it was
// on does not hear of.
func (l *load) sleeps(t *testing.T) {
	// Its run was to begin on the second host: there it goes on.
	e, on := l.e, l.at.yard.hosts[2]
	if l.at != on {
		l.move(t, on, l.to(on))
	}
	l.act(t, "suspend")
	l.await(t, "suspended")
	on.clean(t, l.vm)
	on.cut(t)
	on.awaitStatus(t, e, "non_responsive")
	l.act(t, "start")
	l.await(t, "up")
	l.find(t, on, nil)
	l.whole(t)
	on.join(t)
	on.awaitStatus(t, e, "up")
	if seeds := l.at.seeds(t, l.id); len(seeds) != 1 {
		t.Errorf("its host has the seeds %v", seeds)
	}
}
