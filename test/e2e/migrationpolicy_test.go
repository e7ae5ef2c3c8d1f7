package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMigrationPolicies migrates a guest that changes its memory faster than the link
// carries: it arrives all the same, slowed down by default and in post-copy where the
// policy says so. QEMU runs as root here and keeps what root may do, for else the kernel
// of a machine that is not set up for that has no post-copy (docs/migration.md).
func TestMigrationPolicies(t *testing.T) {
	if !soak {
		t.Skip("QEMU loses writes of emulated guests that write this much (docs/decisions/migration.md); VIREO_SOAK=1")
	}
	y := farmWith(t, 2, map[string][]string{"qemu.conf": {`user = "root"`, `group = "root"`, `clear_emulator_capabilities = 0`}})
	e := y.engine(t, nil)
	v := e.create(t)
	e.call(t, "PUT", v.path(), "<vm>"+cdPayload+"</vm>")
	v.act(t, "start", onHost("<host><name>local</name></host>"))
	v.await(t, "up")
	m := &mover{v, y.hosts[0]}
	m.dirties(t)
	cluster := e.cluster(t)
	narrow := "<bandwidth><assignment_method>custom</assignment_method><custom_value>200</custom_value></bandwidth>"
	e.call(t, "PUT", cluster, "<cluster><migration>"+narrow+"</migration></cluster>")
	t.Run("slowed down", func(t *testing.T) {
		began := time.Now()
		m.move(t, nil, "")
		t.Logf("it took %v", time.Since(began))
	})
	e.set(t, "MigrationStallTime", "3s")
	e.call(t, "PUT", cluster, `<cluster><migration><bandwidth><custom_value>64</custom_value></bandwidth><auto_converge>false</auto_converge><policy id="a7aeedb2-8d66-4e51-bb22-32595027ce71"/></migration></cluster>`)
	t.Run("post-copy", func(t *testing.T) { m.hurries(t, nil) })
	t.Run("post-copy that breaks", func(t *testing.T) {
		m.hurries(t, func() {
			eventually(t, "the two halves to lose each other", func() (bool, string) {
				_, err := m.at.virsh("domjobabort", "--postcopy", m.id)
				return err == nil, fmt.Sprint(err)
			})
		})
	})
	m.act(t, "stop")
	m.await(t, "down")
	m.at.clean(t, m.vm)
	t.Run("promise", func(t *testing.T) { migrationPromises(t, y.hosts[0], y.hosts[1], 1, promiseOfPostCopy) })
}

// dirties has the guest write to 16 MiB of its memory all the time, and nothing that could be
// left out.
func (m *mover) dirties(t *testing.T) {
	t.Helper()
	m.inside(t, "dd if=/dev/urandom of=/tmp/seed bs=1M count=8; (while :; do cat /tmp/seed /tmp/seed >/tmp/noise; done) >/dev/null 2>&1 </dev/null &")
}

// bootID tells a guest that goes on from one that has started anew.
const bootID = "cat /proc/sys/kernel/random/boot_id"

// hurries migrates in post-copy, with something that happens meanwhile.
func (m *mover) hurries(t *testing.T, meanwhile func()) {
	from, to, before, booted := m.at, m.elsewhere(), len(m.events(t)), m.inside(t, bootID)
	want := []string{"62", "20490", "63"}
	m.act(t, "migrate", `<host id="`+to.engineID+`"/>`)
	if meanwhile != nil {
		// What it has not got of its memory is to take a while.
		from.must(t, "migrate-setspeed", "--postcopy", m.id, "1")
		eventually(t, "it to go on at its destination", func() (bool, string) {
			state := from.state(m.id)
			return strings.Contains(state, "post-copy"), state
		})
		meanwhile()
		want = []string{"62", "20490", "20491", "63"}
	}
	m.await(t, "up")
	m.find(t, from, to)
	m.running(t)
	from.clean(t, m.vm)
	if codes := m.events(t)[before:]; !slices.Equal(codes, want) {
		t.Errorf("the events are %v", codes)
	}
	if now := m.inside(t, bootID); now != booted {
		t.Errorf("the guest has started anew: %s, %s", booted, now)
	}
	if !slices.ContainsFunc(m.sentences(t), func(said string) bool { return migrationTold.MatchString(said) }) {
		t.Error("no event tells how long it took")
	}
}
