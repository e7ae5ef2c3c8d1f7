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
	if groups, _ := filepath.Glob(filepath.Join(dataDomain(s.v.e.dataDir), "images", "*")); len(groups) != 1 {
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
	t.Run("QEMU", func(t *testing.T) {
		id := s.take(t, "killed", "")
		s.v.inside(t, mounted+"dd if=/dev/zero of=/mnt/vda/much bs=1M count=20; sync")
		qemu := s.v.running(t)
		e.call(t, "DELETE", s.v.path()+"/snapshots/"+id, "")
		if err := syscall.Kill(qemu, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		s.v.await(t, "down")
		if len(s.ids(t)) > 0 {
			s.settles(t, id)
			s.remove(t, id)
		}
		s.single(t)
		s.v.up(t)
		s.has(t, "a")
	})
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
