package e2e

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// still is how long a guest is watched not to write: it would ten times.
const still = 3 * time.Second

// writer writes onto the guest's disk without end, and after each time notes in
// memory how long the guest has lived.
const writer = `(while :; do cat /proc/uptime > /mnt/vda/now; sync; cut -d' ' -f1 /proc/uptime >> /run/wrote; sleep 0.2; done) >/dev/null 2>&1 &`

// TestFreeze freezes and thaws the file systems of a real guest (15.7.14, 15.7.15).
func TestFreeze(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	v := e.create(t, "vireo.format")
	disk := v.addDiskOf(t, "cow", "67108864")
	e.freezeRefused(t, v, 409, "freezefilesystems", "[Cannot freeze VM because the VM is in Down status.]")
	e.freezeRefused(t, v, 409, "thawfilesystems", "[Cannot thaw VM because the VM is in Down status.]")
	v.up(t)
	eventually(t, "the guest to have a file system", func() (bool, string) {
		mounts := v.inside(t, "cat /proc/mounts")
		return strings.Contains(mounts, "/mnt/vda ext4"), mounts
	})
	v.leave(t, writer)
	v.writesOn(t)

	said := v.act(t, "freezefilesystems")
	if said.body.text("status/state") != "complete" {
		t.Errorf("a freeze was answered with %s", said.text)
	}
	if now := e.call(t, "GET", strings.TrimPrefix(said.body.attr("href"), "/api"), ""); now.body.text("status/state") != "complete" {
		t.Errorf("its href gives %s", now.text)
	}
	v.wantFrozen(t, "frozen")
	v.standsStill(t)
	e.freezeRefused(t, v, 400, "freezefilesystems", "[Unable to freeze guest filesystems]")
	v.wantFrozen(t, "frozen")

	// The engine dies, and another remembers.
	e.kill(t)
	e.start(t)
	e.awaitHost(t, "up")
	v.await(t, "up")
	e.lower(t, "FrozenWarningTime", "1s")
	eventually(t, "the warning", func() (bool, string) {
		codes := v.events(t)
		return slices.Contains(codes, "20031"), strings.Join(codes, " ")
	})
	v.act(t, "thawfilesystems")
	v.wantFrozen(t, "thawed")
	v.writesOn(t)
	if longest := v.longestPause(t); longest < still {
		t.Errorf("the longest time between two writes was %v", longest)
	}
	v.act(t, "thawfilesystems")
	v.act(t, "freezefilesystems")
	v.told(t, "10767", "10768", "10769")

	// Before it is saved it is thawed, so that it wakes up writing.
	v.act(t, "suspend", "<async>false</async>")
	v.await(t, "suspended")
	e.freezeRefused(t, v, 409, "freezefilesystems", "[Cannot freeze VM because the VM is in Suspended status.]")
	e.freezeRefused(t, v, 409, "thawfilesystems", "[Cannot thaw VM because the VM is in Suspended status.]")
	v.up(t)
	v.wantFrozen(t, "thawed")
	v.writesOn(t)

	for i, end := range []string{"shutdown", "stop"} {
		if i > 0 {
			v.up(t)
			v.onDisk(t, "true") // there is something to freeze
		}
		v.act(t, "freezefilesystems")
		before := len(v.events(t))
		v.act(t, end)
		v.await(t, "down")
		v.gone(t)
		if codes := v.events(t)[before:]; !slices.Contains(codes, "10768") {
			t.Errorf("before its %s it was not thawed: %v", end, codes)
		}
	}
	belongsToQEMU(t, dataDomain(e.dataDir), disk)
}

// TestFreezeWithoutAgent is refused, soon, with the documented sentence.
func TestFreezeWithoutAgent(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	t.Run("hung", func(t *testing.T) {
		v := e.create(t)
		v.up(t)
		v.leave(t, "kill -STOP $(pidof qemu-ga)")
		eventually(t, "the agent to hang", func() (bool, string) {
			said, err := e.daemon.virsh("qemu-agent-command", "--timeout", "1", v.id, `{"execute":"guest-ping"}`)
			return err != nil, said
		})
		v.freezesNot(t)
	})
	t.Run("absent", func(t *testing.T) {
		e.lower(t, "GuestAgentStartupTimeout", "1s")
		v := e.create(t, "vireo.no_agent")
		v.up(t)
		v.freezesNot(t)
	})
}

// freezesNot wants an agent that is silent to be told of, within a bounded time.
func (v *vm) freezesNot(t *testing.T) {
	t.Helper()
	e, asked := v.e, time.Now()
	e.freezeRefused(t, v, 400, "freezefilesystems", "[Guest agent non responsive]")
	e.freezeRefused(t, v, 400, "thawfilesystems", "[Guest agent non responsive]")
	if took := time.Since(asked); took > 30*time.Second {
		t.Errorf("the refusals took %v", took)
	}
	v.told(t, "10769", "10770")
}

func (e *engine) freezeRefused(t *testing.T, v *vm, code int, action, sentence string) {
	t.Helper()
	said := e.refused(t, code, "POST", v.path()+"/"+action, "<action/>")
	if detail := said.body.text("fault/detail"); detail != sentence || said.body.text("status/state") != "failed" {
		t.Errorf("%s was refused with %s, want %s", action, said.text, sentence)
	}
}

// wantFrozen asks the agent itself.
func (v *vm) wantFrozen(t *testing.T, want string) {
	t.Helper()
	var state string
	v.answers(t, func() error { return v.e.daemon.agent(v.id, "guest-fsfreeze-status", map[string]any{}, &state) })
	if state != want {
		t.Errorf("the agent of %s says %q, want %q", v.name, state, want)
	}
}

// written is how much the guest has written to its disk, as QEMU counts.
func (v *vm) written(t *testing.T) int {
	t.Helper()
	for line := range strings.Lines(v.e.daemon.must(t, "domblkstat", v.id, "vda")) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[1] == "wr_bytes" {
			number, err := strconv.Atoi(fields[2])
			if err != nil {
				t.Fatal(err)
			}
			return number
		}
	}
	t.Fatal("QEMU does not count what is written")
	return 0
}

func (v *vm) writesOn(t *testing.T) {
	t.Helper()
	before := v.written(t)
	eventually(t, v.name+" to write", func() (bool, string) { return v.written(t) > before, "it does not" })
}

// standsStill watches that nothing is written for a while.
func (v *vm) standsStill(t *testing.T) {
	t.Helper()
	before, since := v.written(t), time.Now()
	eventually(t, v.name+" not to write", func() (bool, string) {
		if now := v.written(t); now != before {
			t.Fatalf("%d bytes were written while it was frozen", now-before)
		}
		return time.Since(since) >= still, "it is watched"
	})
}

// longestPause is the longest time, as the guest felt it, between two of its writes.
func (v *vm) longestPause(t *testing.T) (longest time.Duration) {
	t.Helper()
	before := 0.0
	for line := range strings.Lines(v.inside(t, "cat /run/wrote")) {
		now, err := strconv.ParseFloat(strings.TrimSpace(line), 64)
		if err != nil {
			t.Fatal(err)
		}
		if before > 0 {
			longest = max(longest, time.Duration((now-before)*float64(time.Second)))
		}
		before = now
	}
	return longest
}
