package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSnapshots takes snapshots of a guest that writes before, between and after, and
// removes the middle, the first and the last one under it. What it wrote stays.
func TestSnapshots(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	s := newSnapshots(t, e)
	first := s.take(t, "first", "")
	s.write(t, "b")
	second := s.take(t, "second", "")
	s.write(t, "c")
	third := s.take(t, "third", "<persist_memorystate>true</persist_memorystate>")
	s.write(t, "d")

	if texts := s.listed(t); texts != "first second third Active VM" {
		t.Errorf("listed are %q", texts)
	}
	s.toldPause(t, "first")
	s.toldPause(t, "third")
	if chain := len(e.volumes(t, s.disk)); chain != 4 {
		t.Errorf("the disk has %d volumes", chain)
	}
	if held := e.call(t, "GET", s.v.path()+"/snapshots/"+second+"/disks/"+s.disk, "").body.text("image_id"); held == e.volume(t, s.disk) {
		t.Error("the second snapshot's volume is the active one")
	}
	if said := e.refused(t, 409, "DELETE", s.v.path()+"/disks/"+s.disk, "<action><detach>true</detach></action>"); said.code == 0 {
		t.Error("the disk was detached")
	}

	qemu := s.v.running(t)
	s.remove(t, second)
	s.has(t, "a b c d")
	s.remove(t, first)
	s.has(t, "a b c d")
	s.write(t, "e")
	s.remove(t, third)
	s.has(t, "a b c d e")
	if now := s.v.running(t); now != qemu {
		t.Errorf("QEMU was process %d and is %d", qemu, now)
	}
	s.single(t)
	s.v.act(t, "stop")
	s.v.await(t, "down")

	// The same of a VM that is down.
	first = s.take(t, "offline", "")
	second = s.take(t, "offline too", "")
	s.v.up(t)
	s.write(t, "f")
	s.v.act(t, "stop")
	s.v.await(t, "down")
	s.remove(t, first)
	s.remove(t, second)
	s.single(t)
	s.v.up(t)
	s.has(t, "a b c d e f")
	belongsToQEMU(t, dataDomain(e.dataDir), s.disk)
	s.v.told(t, "45", "68", "342", "356")
}

// snapshots is a VM whose guest writes files to a disk.
type snapshots struct {
	v    *vm
	disk string
}

// newSnapshots makes a VM that is up and has written the file a.
func newSnapshots(t *testing.T, e *engine) *snapshots {
	t.Helper()
	v := e.create(t, "vireo.format")
	s := &snapshots{v: v, disk: v.addDiskOf(t, "cow", "67108864")}
	v.up(t)
	s.write(t, "a")
	return s
}

// mounted is a shell command that waits for the disk.
const mounted = "set -e; while ! grep -q /mnt/vda /proc/mounts; do sleep 1; done; "

func (s *snapshots) write(t *testing.T, name string) {
	t.Helper()
	s.v.inside(t, mounted+"echo "+name+" >/mnt/vda/file-"+name+"; sync")
}

// has wants the disk to hold these files, each with its name in it, and no others.
func (s *snapshots) has(t *testing.T, names string) {
	t.Helper()
	found := s.v.inside(t, mounted+"echo 3 >/proc/sys/vm/drop_caches; cat /mnt/vda/file-* | tr '\\n' ' '")
	if strings.TrimSpace(found) != names {
		t.Errorf("the disk holds %q, want %q", strings.TrimSpace(found), names)
	}
}

// take takes a snapshot and waits until it is there.
func (s *snapshots) take(t *testing.T, description, more string) (id string) {
	t.Helper()
	e := s.v.e
	said := e.call(t, "POST", s.v.path()+"/snapshots", "<snapshot><description>"+description+"</description>"+more+"</snapshot>")
	if state := said.body.text("snapshot_status"); said.code != 202 || state != "locked" && state != "ok" {
		t.Errorf("a snapshot was answered %d, %s", said.code, state)
	}
	id = said.body.attr("id")
	s.settles(t, id)
	return id
}

// settles waits until a snapshot is ok.
func (s *snapshots) settles(t *testing.T, id string) {
	t.Helper()
	eventually(t, "the snapshot to be there", func() (bool, string) {
		state := s.v.e.call(t, "GET", s.v.path()+"/snapshots/"+id, "").body.text("snapshot_status")
		return state == "ok", "it is " + state
	})
}

// remove removes a snapshot and waits until it is gone.
func (s *snapshots) remove(t *testing.T, id string) {
	t.Helper()
	if said := s.v.e.call(t, "DELETE", s.v.path()+"/snapshots/"+id, ""); said.code != 202 {
		t.Errorf("a removal was answered %d", said.code)
	}
	s.goes(t, id)
}

func (s *snapshots) goes(t *testing.T, id string) {
	t.Helper()
	eventually(t, "the snapshot to go", func() (bool, string) {
		said := s.v.e.ask(t, "GET", s.v.path()+"/snapshots/"+id, "")
		if said.code == 404 {
			return true, ""
		}
		if said.body.text("snapshot_status") == "ok" {
			t.Fatalf("the snapshot stays: %s", strings.Join(s.sentences(t), "\n"))
		}
		return false, said.text
	})
}

// sentences are the descriptions of the VM's events.
func (s *snapshots) sentences(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, event := range s.v.e.call(t, "GET", "/events", "").body.all("event") {
		all = append(all, event.text("description"))
	}
	return all
}

func (s *snapshots) listed(t *testing.T) string {
	t.Helper()
	var texts []string
	for _, one := range s.v.e.call(t, "GET", s.v.path()+"/snapshots", "").body.all("snapshot") {
		texts = append(texts, one.text("description"))
	}
	return strings.Join(texts, " ")
}

var pauseTold = regexp.MustCompile(`stood still for [0-9]+ ms`)

// toldPause wants the event of a snapshot to say how long the guest stood still.
func (s *snapshots) toldPause(t *testing.T, description string) {
	t.Helper()
	for _, sentence := range s.sentences(t) {
		if strings.Contains(sentence, "'"+description+"'") && strings.Contains(sentence, "has been created") {
			t.Log(sentence)
			if !pauseTold.MatchString(sentence) || strings.Contains(sentence, "not frozen") {
				t.Errorf("the event says %q", sentence)
			}
			return
		}
	}
	t.Errorf("no event tells of %q", description)
}

// single waits until the disk has one volume, which is a leaf, and nothing else is left.
func (s *snapshots) single(t *testing.T) {
	t.Helper()
	eventually(t, "the other volumes to go", func() (bool, string) {
		found := s.v.e.volumes(t, s.disk)
		return slices.Equal(found, []string{s.v.e.volume(t, s.disk)}), fmt.Sprint("there are ", found)
	})
	eventually(t, "the metadata to follow", func() (bool, string) {
		meta := s.meta(t)
		return strings.Contains(meta, "VOLTYPE=LEAF\n") && strings.Contains(meta, "PUUID=00000000-0000-0000-0000-000000000000\n"), meta
	})
	groups, _ := filepath.Glob(filepath.Join(filepath.Dir(s.v.e.group(t, s.disk)), "*"))
	if len(groups) != 1 {
		t.Errorf("the image groups are %v", groups)
	}
}

// TestSnapshotDeaths kills the engine, and QEMU, while volumes are merged and while a
// snapshot is taken: what the guest has written is whole, and nothing is left over.
func TestSnapshotDeaths(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	s := newSnapshots(t, e)
	for i, point := range []string{"live/prepare/done", "live/take", "live/take/done"} {
		for _, memory := range []string{"", "<persist_memorystate>true</persist_memorystate>"} {
			t.Run(fmt.Sprint(point, memory != ""), func(t *testing.T) {
				s.restarted(t, point)
				_, _ = e.try("POST", s.v.path()+"/snapshots", fmt.Sprintf("<snapshot><description>dies %d</description>%s</snapshot>", i, memory))
				s.goesOn(t)
				ids := s.ids(t)
				s.settles(t, ids[0])
				s.has(t, "a")
				s.remove(t, ids[0])
				s.has(t, "a")
				s.single(t)
			})
		}
	}
	for _, point := range []string{"live/merge", "live/merge/done"} {
		t.Run(point, func(t *testing.T) {
			id := s.take(t, "merged", "")
			s.restarted(t, point)
			_, _ = e.try("DELETE", s.v.path()+"/snapshots/"+id, "")
			s.goesOn(t)
			s.goes(t, id)
			s.has(t, "a")
			s.single(t)
		})
	}
	for _, delay := range deathDelays {
		t.Run(fmt.Sprint("merging, after ", delay), func(t *testing.T) {
			id := s.take(t, "merged", "")
			s.v.inside(t, mounted+"dd if=/dev/urandom of=/mnt/vda/much bs=1M count=12; sync")
			e.call(t, "DELETE", s.v.path()+"/snapshots/"+id, "")
			s.diesAfter(t, delay)
			s.finish(t)
		})
		// Its file systems are frozen for a moment, and may be when the engine dies.
		t.Run(fmt.Sprint("without memory, after ", delay), func(t *testing.T) {
			e.call(t, "POST", s.v.path()+"/snapshots", "<snapshot><description>dies</description></snapshot>")
			s.diesAfter(t, delay)
			eventually(t, "the guest to be thawed", func() (bool, string) {
				var state string
				err := e.daemon.agent(s.v.id, "guest-fsfreeze-status", map[string]any{}, &state)
				return state == "thawed", fmt.Sprint(state, err)
			})
			s.finish(t)
		})
		t.Run(fmt.Sprint("with memory, after ", delay), func(t *testing.T) {
			e.call(t, "POST", s.v.path()+"/snapshots", "<snapshot><description>dies</description><persist_memorystate>true</persist_memorystate></snapshot>")
			s.diesAfter(t, delay)
			s.finish(t)
		})
	}
	t.Run("QEMU", func(t *testing.T) { s.guestDies(t) })
}

// guestDies kills QEMU in work that it does: while it merges, while it saves its memory,
// while it copies its disk elsewhere, and while its file systems are frozen.
func (s *snapshots) guestDies(t *testing.T) {
	e := s.v.e
	place := filepath.Join(e.dataDir, "storage", "other")
	need(t, os.Mkdir(place, 0o755))
	e.storage(t, "other", "<type>localfs</type><path>"+place+"</path>").attach(t)
	for _, work := range []struct {
		name, method string
		path         func() string
		body         string
	}{
		{"merge", "DELETE", func() string { return s.v.path() + "/snapshots/" + s.ids(t)[0] }, ""},
		{
			"memory", "POST", func() string { return s.v.path() + "/snapshots" },
			"<snapshot><description>killed</description><persist_memorystate>true</persist_memorystate></snapshot>",
		},
		{"move", "POST", func() string { return "/disks/" + s.disk + "/move" }, moveTo("other")},
		{"frozen", "POST", func() string { return s.v.path() + "/freezefilesystems" }, "<action/>"},
	} {
		t.Run(work.name, func(t *testing.T) {
			if work.name == "merge" {
				s.take(t, "killed", "")
			}
			s.v.inside(t, mounted+"dd if=/dev/urandom of=/mnt/vda/much bs=1M count=12; sync")
			qemu := s.v.running(t)
			e.call(t, work.method, work.path(), work.body)
			need(t, syscall.Kill(qemu, syscall.SIGKILL))
			s.v.await(t, "down")
			eventually(t, "the disk to be free", func() (bool, string) {
				state := e.call(t, "GET", "/disks/"+s.disk, "").body.text("status/state")
				return state == "ok", "it is " + state
			})
			for _, id := range s.ids(t) {
				s.settles(t, id)
				s.remove(t, id)
			}
			e.isAt(t, s.disk, e.domainOf(t, s.disk))
			s.single(t)
			s.v.up(t)
			s.has(t, "a")
			s.v.wantFrozen(t, "thawed")
		})
	}
}

// deathDelays are how long after a request the engine dies, somewhere in its work.
var deathDelays = []time.Duration{5 * time.Millisecond, 60 * time.Millisecond, 200 * time.Millisecond}

// diesAfter kills the engine in a while and starts another.
func (s *snapshots) diesAfter(t *testing.T, delay time.Duration) {
	t.Helper()
	time.Sleep(delay) // it is to die at any moment
	s.v.e.kill(t)
	s.v.e.start(t)
	s.v.e.awaitHost(t, "up")
	s.v.await(t, "up")
}

// finish waits until nothing goes on, removes the snapshots that there are, and wants all
// to be whole.
func (s *snapshots) finish(t *testing.T) {
	t.Helper()
	for _, id := range s.ids(t) {
		eventually(t, "the snapshot to be settled", func() (bool, string) {
			said := s.v.e.ask(t, "GET", s.v.path()+"/snapshots/"+id, "")
			state := said.body.text("snapshot_status")
			return said.code == 404 || state == "ok", "it is " + state
		})
	}
	for _, id := range s.ids(t) {
		s.remove(t, id)
	}
	s.has(t, "a")
	s.single(t)
}

// restarted starts the engine anew, to die at a point.
func (s *snapshots) restarted(t *testing.T, point string) {
	t.Helper()
	s.v.e.stop(t)
	s.v.e.start(t, "VIREO_CRASH_AT="+point)
	s.v.e.awaitHost(t, "up")
	s.v.await(t, "up")
}

// goesOn waits for the engine's death and starts another.
func (s *snapshots) goesOn(t *testing.T) {
	t.Helper()
	s.v.e.awaitEnd(t)
	s.v.e.start(t)
	s.v.e.awaitHost(t, "up")
	s.v.await(t, "up")
}

// ids are the snapshots of the VM, the active one left out.
func (s *snapshots) ids(t *testing.T) []string {
	t.Helper()
	var ids []string
	for _, one := range s.v.e.call(t, "GET", s.v.path()+"/snapshots", "").body.all("snapshot") {
		if one.text("type") == "regular" {
			ids = append(ids, one.attr("id"))
		}
	}
	return ids
}

// meta is what the metadata of the disk's active volume says.
func (s *snapshots) meta(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.v.e.group(t, s.disk), s.v.e.volume(t, s.disk)+".meta"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestSnapshotPreview goes back to snapshots of a real guest: looks and leaves, looks and
// stays, and goes on from its memory.
func TestSnapshotPreview(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	s := newSnapshots(t, e)
	v := s.v
	v.leave(t, "echo living > /run/sign; while :; do cat /proc/sys/kernel/random/boot_id > /run/boot; sleep 1; done")
	first := s.take(t, "plain", "")
	s.write(t, "b")
	second := s.take(t, "remembered", "<persist_memorystate>true</persist_memorystate>")
	s.write(t, "c")
	boot := v.inside(t, "cat /proc/sys/kernel/random/boot_id")
	e.refused(t, 409, "POST", v.path()+"/preview_snapshot", `<action><snapshot id="`+first+`"/></action>`)
	other := s.madeOf(t, second)
	v.act(t, "stop")
	v.await(t, "down")
	other.v.up(t)
	other.has(t, "a b")
	other.v.act(t, "stop")
	other.v.await(t, "down")
	e.call(t, "DELETE", other.v.path(), "")

	s.preview(t, first, "down")
	v.up(t)
	s.has(t, "a")
	s.write(t, "x")
	v.act(t, "stop")
	v.await(t, "down")
	v.act(t, "undo_snapshot")
	v.up(t)
	s.has(t, "a b c")
	v.act(t, "stop")
	v.await(t, "down")

	// Its memory is that of the guest which had written b.
	s.preview(t, second, "suspended", "<restore_memory>true</restore_memory>")
	v.up(t)
	if now := v.inside(t, "cat /proc/sys/kernel/random/boot_id /run/sign"); now != boot+"\nliving" {
		t.Errorf("the guest went on as %q, not %q", now, boot)
	}
	s.has(t, "a b")
	s.write(t, "y")
	v.act(t, "stop")
	v.await(t, "down")
	v.act(t, "commit_snapshot")
	v.up(t)
	s.has(t, "a b y")
	v.act(t, "stop")
	v.await(t, "down")

	e.call(t, "POST", v.path()+"/snapshots/"+first+"/restore", "<action><async>false</async></action>")
	if left := strings.Join(s.ids(t), " "); left != first {
		t.Errorf("after the restore there are %s", left)
	}
	v.up(t)
	s.has(t, "a")
	s.remove(t, first)
	s.single(t)
	s.has(t, "a")
	v.told(t, "46", "71", "20140", "47", "100")
}

// madeOf makes another VM of a snapshot, with a copy of the disk.
func (s *snapshots) madeOf(t *testing.T, id string) *snapshots {
	t.Helper()
	e := s.v.e
	name := fmt.Sprintf("%s%d", e.names, made.Add(1))
	said := e.call(t, "POST", "/vms", `<vm><name>`+name+`</name><cluster><name>Default</name></cluster><template><name>Blank</name></template>
		<snapshots><snapshot id="`+id+`"/></snapshots></vm>`)
	other := &snapshots{v: &vm{e: e, id: said.body.attr("id"), name: name}}
	other.v.await(t, "down")
	other.disk = e.call(t, "GET", other.v.path()+"/disks", "").body.all("disk")[0].attr("id")
	return other
}

// preview begins a preview and waits for the VM to be ready.
func (s *snapshots) preview(t *testing.T, id, status string, more ...string) {
	t.Helper()
	s.v.act(t, "preview_snapshot", append(more, `<snapshot id="`+id+`"/>`)...)
	s.v.await(t, status)
	if state := s.v.e.call(t, "GET", s.v.path()+"/snapshots/"+id, "").body.text("snapshot_status"); state != "in_preview" {
		t.Errorf("the snapshot is %s", state)
	}
}

// TestThirtySnapshots boots a guest on a chain of thirty, which is as long as it may be,
// and merges in the middle of it.
func TestThirtySnapshots(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	s := newSnapshots(t, e)
	s.v.act(t, "stop")
	s.v.await(t, "down")
	var taken []string
	for i := range 30 {
		taken = append(taken, s.take(t, fmt.Sprint("number ", i), ""))
	}
	said := e.refused(t, 409, "POST", s.v.path()+"/snapshots", "<snapshot><description>one more</description></snapshot>")
	if !strings.Contains(said.text, "MaxSnapshotsInChain") {
		t.Errorf("one more was refused with %s", said.text)
	}
	s.v.up(t)
	s.has(t, "a")
	s.write(t, "b")
	s.remove(t, taken[15])
	s.remove(t, taken[29])
	s.has(t, "a b")
	s.v.act(t, "stop")
	s.v.await(t, "down")
}
