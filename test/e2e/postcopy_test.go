package e2e

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestBusyGuest migrates a guest that writes to its memory faster than the link carries: it
// arrives all the same, slowed down and stood still by default, and in post-copy where the
// policy says so. QEMU runs as root here and keeps what root may do, for else the kernel of
// a machine that is not set up for it has no post-copy (docs/migration.md).
func TestBusyGuest(t *testing.T) {
	y := farmWith(t, 2, map[string][]string{"qemu.conf": {`user = "root"`, `group = "root"`, `clear_emulator_capabilities = 0`}})
	e := y.engine(t, map[string]string{"GuestAgentStartupTimeout": "1s", "VdsTimeout": "5s", "DefaultMaximumMigrationDowntime": "500"})
	b := &hurried{mover: &mover{e.createBusy(t), y.hosts[0]}}
	b.starts(t, y.hosts[0])
	e.set(t, "MigrationStallTime", "3s")
	b.policy(t, "", 24)
	t.Run("by default", b.converges)
	b.policy(t, postCopyPolicy, 32)
	t.Run("in post-copy", b.hastens)
	t.Run("broken and mended", b.mended)
	t.Run("without an engine", b.away)
	t.Run("its network", b.network)
	t.Run("its source dies", func(t *testing.T) { b.dies(t, func(from, _ *farmHost) *farmHost { return from }) })
	t.Run("its destination dies", func(t *testing.T) { b.dies(t, func(_, to *farmHost) *farmHost { return to }) })
	t.Run("stopped while one half is silent", b.silentHalf)
	t.Run("promise", func(t *testing.T) {
		target := promiseTarget(y.hosts[0], y.hosts[1], filepath.Join(e.dataDir, "iso", busyKernel), "")
		keepsPromises(t, target, 1, func(name string) bool { return strings.Contains(name, "in post-copy") })
	})
}

const postCopyPolicy = "a7aeedb2-8d66-4e51-bb22-32595027ce71"

// hurried is a busy guest, and what it had counted to.
type hurried struct {
	*mover
	was memory
}

// starts runs the VM on a host.
func (b *hurried) starts(t *testing.T, on *farmHost) {
	t.Helper()
	b.act(t, "start", onHost(`<host id="`+on.engineID+`"/>`))
	b.await(t, "up")
	b.at, b.e.daemon = on, &on.daemon
	b.was = on.goesOn(t, b.id, memory{})
}

// policy says how VMs of the cluster migrate, with so many MiB a second.
func (b *hurried) policy(t *testing.T, policy string, bandwidth int) {
	t.Helper()
	b.e.bandwidth(t, bandwidth)
	said := "<policy/>"
	if policy != "" {
		said = `<policy id="` + policy + `"/>`
	}
	b.e.call(t, "PUT", b.e.cluster(t), "<cluster><migration>"+said+"</migration></cluster>")
}

// arrives waits until the guest is at another host whole, with these events.
func (b *hurried) arrives(t *testing.T, before int, events ...string) {
	t.Helper()
	from := b.at
	b.await(t, "up")
	b.find(t, from, nil)
	b.running(t)
	from.clean(t, b.vm)
	b.was = b.at.goesOn(t, b.id, b.was)
	if codes := b.events(t)[before:]; !slices.Equal(codes, events) {
		t.Errorf("the events are %v, want %v", codes, events)
	}
}

// migrates begins to migrate to the other host.
func (b *hurried) migrates(t *testing.T) (to *farmHost, before int) {
	t.Helper()
	to, before = b.elsewhere(), len(b.events(t))
	b.act(t, "migrate", `<host id="`+to.engineID+`"/>`)
	return to, before
}

func (b *hurried) converges(t *testing.T) {
	began := time.Now()
	_, before := b.migrates(t)
	b.arrives(t, before, "62", "63")
	t.Logf("it took %v", time.Since(began).Round(time.Second))
}

func (b *hurried) hastens(t *testing.T) {
	_, before := b.migrates(t)
	b.arrives(t, before, "62", "20490", "63")
}

// halved migrates until the guest runs at the other host with memory that is still here,
// and has the rest take its time.
func (b *hurried) halved(t *testing.T) (to *farmHost, before int) {
	t.Helper()
	to, before = b.migrates(t)
	b.at.must(t, "migrate-setspeed", "--postcopy", b.id, "1")
	eventually(t, "it to go on at its destination", func() (bool, string) {
		state, err := b.at.virsh("domstate", "--reason", b.id)
		return err == nil && strings.Contains(state, "post-copy"), state
	})
	return to, before
}

// broken has the halves lose each other, by the network between their hosts.
func (b *hurried) broken(t *testing.T) (to *farmHost, before int) {
	t.Helper()
	to, before = b.halved(t)
	b.at.must(t, "domjobabort", "--postcopy", b.id)
	b.told(t, "20491")
	return to, before
}

func (b *hurried) mended(t *testing.T) {
	_, before := b.broken(t)
	b.arrives(t, before, "62", "20490", "20491", "63")
}

func (b *hurried) away(t *testing.T) {
	_, before := b.halved(t)
	b.e.kill(t)
	b.at.must(t, "migrate-setspeed", "--postcopy", b.id, "100")
	b.e.start(t)
	b.arrives(t, before, "62", "20490", "63")
}

// network cuts the destination off from everybody, and brings it back.
func (b *hurried) network(t *testing.T) {
	to, before := b.halved(t)
	to.cut(t)
	to.awaitStatus(t, b.e, "non_responsive")
	if status := b.status(t); status != "migrating" && status != "unknown" {
		t.Errorf("it is %s", status)
	}
	to.join(t)
	to.awaitStatus(t, b.e, "up")
	b.at.must(t, "migrate-setspeed", "--postcopy", b.id, "100")
	b.arrives(t, before, "62", "20490", "63")
}

// dies kills one half of the guest, which is highly available: the other ends too, and it
// is started anew. A libvirt whose QEMU dies at the source can stay at work on it, so that
// its definition cannot be removed there; the guest is started on another host then.
func (b *hurried) dies(t *testing.T, which func(from, to *farmHost) *farmHost) {
	b.e.call(t, "PUT", b.path(), "<vm><high_availability><enabled>true</enabled></high_availability></vm>")
	t.Cleanup(func() {
		b.e.call(t, "PUT", b.path(), "<vm><high_availability><enabled>false</enabled></high_availability></vm>")
	})
	from := b.at
	to, before := b.halved(t)
	need(t, which(from, to).run("sh", "-c", "kill -9 $(cat /run/libvirt/qemu/"+b.name+".pid)"))
	eventually(t, "the loss to be told", func() (bool, string) {
		events := b.events(t)[before:]
		return slices.Contains(events, "119"), fmt.Sprint(events)
	})
	b.await(t, "up")
	b.running(t)
	at := b.get(t).at("host").attr("id")
	for _, h := range []*farmHost{from, to} {
		if h.engineID == at {
			b.at, b.e.daemon = h, &h.daemon
		} else if state := h.state(b.id); state != "none" && !strings.HasPrefix(state, "shut off") {
			t.Errorf("half of it is left at %s: %s", h.name, state)
		}
	}
	b.was = b.at.goesOn(t, b.id, memory{})
	t.Logf("the events are %v", b.events(t)[before:])
	died := which(from, to)
	died.signal(t, "TERM")
	died.startDaemon(t)
	died.awaitStatus(t, b.e, "up")
	if died != b.at {
		died.clean(t, b.vm)
	}
}

// silentHalf stops a guest that is broken in two while nobody hears from the half that may run.
func (b *hurried) silentHalf(t *testing.T) {
	from := b.at
	to, _ := b.broken(t)
	to.cut(t)
	to.awaitStatus(t, b.e, "non_responsive")
	b.e.refused(t, 409, "POST", b.path()+"/stop", "<action/>")
	b.told(t, "20492")
	b.e.refused(t, 409, "POST", b.path()+"/start", "<action/>")
	to.join(t)
	b.await(t, "down")
	// The source's libvirt was at work on the guest when that was ended, and may stay so: its
	// definition is removed when it is not any more (docs/decisions/migration.md).
	for _, h := range []*farmHost{from, to} {
		if state := h.state(b.id); state != "none" && !strings.HasPrefix(state, "shut off") {
			t.Errorf("half of it is left at %s: %s", h.name, state)
		}
	}
	if left := qemus(b.id); len(left) > 0 {
		t.Errorf("it has the QEMU processes %v", left)
	}
}
