package e2e

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"vireo/internal/host"
	"vireo/internal/host/hosttest"
	"vireo/internal/host/libvirt"
	"vireo/internal/model"
)

// bandwidth limits migrations, in MiB/s, until the test ends.
func (e *engine) bandwidth(t *testing.T, limit int) {
	t.Helper()
	e.set(t, "MigrationBandwidth", strconv.Itoa(limit))
	t.Cleanup(func() { e.set(t, "MigrationBandwidth", "52") })
}

// elsewhere is a host that the VM is not on.
func (m *mover) elsewhere() *farmHost {
	i := slices.IndexFunc(m.at.yard.hosts, func(h *farmHost) bool { return h != m.at })
	return m.at.yard.hosts[i]
}

// begin begins to migrate, and returns when the guest is on its way.
func (m *mover) begin(t *testing.T, to *farmHost) {
	t.Helper()
	m.act(t, "migrate", `<host id="`+to.engineID+`"/>`)
	eventually(t, m.name+" to be on its way", func() (bool, string) {
		state := to.state(m.id)
		return strings.HasPrefix(state, "paused"), "the destination says " + state
	})
}

// cancels gives up the migration of a guest that changes its memory faster than the link
// carries. Then the link is made faster, and it arrives: it is slowed down meanwhile.
func (m *mover) cancels(t *testing.T) {
	m.inside(t, "(while :; do dd if=/dev/urandom of=/tmp/noise bs=1M count=16; done) >/dev/null 2>&1 </dev/null & echo $! >/tmp/noise.pid")
	t.Cleanup(func() { m.inside(t, "kill $(cat /tmp/noise.pid); rm /tmp/noise") })
	m.e.bandwidth(t, 2)
	to, before := m.elsewhere(), len(m.events(t))
	qemu := m.at.state(m.id)
	m.begin(t, to)
	eventually(t, "progress to be shown", func() (bool, string) {
		progress := m.statistic(t, "migration.progress")
		return progress != "" && progress != "0" && progress != "0.0", "it is " + progress
	})
	if status := m.status(t); status != "migrating" {
		t.Errorf("it is %s", status)
	}
	m.e.freezeRefused(t, m.vm, 409, "freezefilesystems", "[Cannot freeze VM because the VM is in Migrating status.]")
	said := m.act(t, "cancelmigration")
	if state := said.body.text("status/state"); said.code != 200 || state != "complete" || said.body.has("job") {
		t.Errorf("cancelmigration was answered %d: %s", said.code, said.text)
	}
	m.await(t, "up")
	to.clean(t, m.vm)
	if at := m.get(t).at("host").attr("id"); at != m.at.engineID {
		t.Errorf("it is on host %s", at)
	}
	m.running(t)
	if now := m.at.state(m.id); !strings.HasPrefix(now, "running") || !strings.HasPrefix(qemu, "running") {
		t.Errorf("it was %s and is %s", qemu, now)
	}
	counted := m.count(t)
	eventually(t, "it to count on", func() (bool, string) { return m.count(t) > counted, "" })
	if codes := m.events(t)[before:]; !slices.Equal(codes, []string{"62", "161"}) {
		t.Errorf("the events are %v", codes)
	}
	m.e.refused(t, 409, "POST", m.path()+"/cancelmigration", "<action/>")
	m.e.bandwidth(t, 0)
	m.move(t, nil, "")
}

// statistic is the value of a figure of the VM.
func (v *vm) statistic(t *testing.T, name string) string {
	t.Helper()
	for _, figure := range v.e.call(t, "GET", v.path()+"/statistics", "").body.all("statistic") {
		if figure.text("name") == name {
			return figure.text("values/value/datum")
		}
	}
	return ""
}

// away kills the engine in the middle: the guest arrives without it, and the next engine
// finds it.
func (m *mover) away(t *testing.T) {
	m.e.bandwidth(t, 8)
	from, to, counted := m.at, m.elsewhere(), m.count(t)
	m.begin(t, to)
	m.e.kill(t)
	m.isAt(t, to, "running")
	m.e.start(t)
	m.await(t, "up")
	m.find(t, from, to)
	m.running(t)
	m.follows(t)
	m.told(t, "63")
	from.clean(t, m.vm)
	if after := m.count(t); after < counted {
		t.Errorf("the guest had counted to %d and is at %d", counted, after)
	}
	// And one that goes on when the engine is back.
	from, to = m.at, m.elsewhere()
	m.begin(t, to)
	m.e.kill(t)
	m.e.start(t)
	m.await(t, "up")
	m.find(t, from, to)
	m.running(t)
	from.clean(t, m.vm)
}

// isAt waits until a host says this of the guest.
func (m *mover) isAt(t *testing.T, on *farmHost, state string) {
	t.Helper()
	eventually(t, m.name+" to be "+state, func() (bool, string) {
		now := on.state(m.id)
		return strings.HasPrefix(now, state), "it is " + now
	})
}

// withDisk migrates a guest with a disk, snapshots and a CD, which writes before and
// after; then it is suspended and goes on at another host, and migrates again.
func withDisk(t *testing.T, y *yard, e *engine) {
	e.writeISO(t, "tool.iso", make([]byte, 1<<20))
	e.daemon = &y.hosts[0].daemon
	v := e.create(t, "vireo.format")
	e.call(t, "PUT", v.path(), "<vm>"+cdPayload+"</vm>")
	s := &snapshots{v: v, disk: v.addDiskOf(t, "cow", "67108864")}
	v.act(t, "start", onHost("<host><name>local</name></host>"))
	v.await(t, "up")
	m := &mover{v, y.hosts[0]}
	s.write(t, "a")
	first := s.take(t, "first", "")
	s.write(t, "b")
	cdrom := v.path() + "/cdroms/00000000-0000-0000-0000-000000000000;current=true"
	e.call(t, "PUT", cdrom, `<cdrom><file id="tool.iso"/></cdrom>`)
	m.move(t, y.hosts[1], `<host id="`+y.hosts[1].engineID+`"/>`)
	s.has(t, "a b")
	s.write(t, "c")
	if file := e.call(t, "GET", cdrom, "").body.at("file").attr("id"); file != "tool.iso" {
		t.Errorf("the CD is %q", file)
	}
	s.take(t, "second", "")
	s.write(t, "d")
	s.remove(t, first)
	s.has(t, "a b c d")

	v.act(t, "suspend")
	v.await(t, "suspended")
	y.hosts[1].clean(t, v)
	y.hosts[1].cut(t)
	y.hosts[1].awaitStatus(t, e, "non_responsive")
	v.act(t, "start")
	v.await(t, "up")
	m.find(t, y.hosts[1], nil)
	s.has(t, "a b c d")
	y.hosts[1].join(t)
	y.hosts[1].awaitStatus(t, e, "up")
	m.move(t, y.hosts[1], `<host id="`+y.hosts[1].engineID+`"/>`)
	s.write(t, "e")
	s.has(t, "a b c d e")
	v.act(t, "stop")
	v.await(t, "down")
	y.hosts[1].clean(t, v)
}

// migrationPromises holds the driver to what every driver promises of migrations, between
// two hosts: so many promises have these words in their name. What ends in post-copy is tried
// where the kernel lets QEMU, and with a guest that bears it (TestBusyGuest).
func migrationPromises(t *testing.T, from, to *farmHost, count int, words string) {
	t.Helper()
	target := promiseTarget(from, to, filepath.Join(guestFolder, kernelFile), filepath.Join(guestFolder, initrdFile))
	keepsPromises(t, target, count, func(name string) bool {
		return strings.Contains(name, words) && !strings.Contains(name, "in post-copy")
	})
}

// promiseTarget is a pair of hosts with guests that boot a kernel; one without an initrd has
// no agent.
func promiseTarget(from, to *farmHost, kernel, initrd string) hosttest.Target {
	return hosttest.Target{
		Driver: libvirt.Driver{AllowInsecure: true}, Address: from.address, Other: to.address, PostCopy: true, HasAgent: initrd != "", Patience: patience,
		Spec: func(_ *testing.T, name string) *host.GuestSpec {
			return &host.GuestSpec{
				ID: model.NewID(), Name: prefix + strconv.FormatInt(made.Add(1), 10) + name, Emulate: true, Memory: 128 << 20,
				Topology: model.Topology{Sockets: 1, Cores: 1, Threads: 1}, Display: model.DisplayVNC, Monitors: 1, SerialConsole: true, Ballooning: true,
				Kernel: kernel, Initrd: initrd, Cmdline: "console=ttyS0 quiet cryptomgr.notests",
			}
		},
	}
}

// keepsPromises holds the driver to the promises that are selected, of which there are so many.
func keepsPromises(t *testing.T, target hosttest.Target, count int, selected func(name string) bool) {
	t.Helper()
	tried := 0
	for _, promise := range hosttest.Promises() {
		if selected(promise.Name) {
			t.Run(promise.Name, func(t *testing.T) { promise.Check(t, target) })
			tried++
		}
	}
	if tried != count {
		t.Errorf("%d promises were tried", tried)
	}
}
