package e2e

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestStateless ends one stateless run after another, each in another way. What
// its guest has written is gone in the next run, which begins at once; what a plain
// run has written stays, and the disks are bit for bit what they were.
func TestStateless(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	s := &statelessScenario{v: e.create(t, "vireo.format")}
	// The second is raw: what is on top of it is qcow2 all the same.
	s.disks = []string{s.v.addDisk(t, "16777216"), s.v.addDiskOf(t, "raw", "16777216")}
	for _, step := range []struct {
		name string
		do   func(*testing.T)
	}{
		{"what a plain run writes", s.write},
		{"stopped", s.stopped},
		{"powered off by the guest", s.poweredOff},
		{"killed", s.killed},
		{"stopped by the next engine", s.engineKilled},
		{"powered off while no engine was there", s.poweredOffWhileAway},
		{"a plain run again", s.plain},
	} {
		if !t.Run(step.name, step.do) {
			return
		}
	}
}

// runStateless is a start that is stateless by run once.
const runStateless = `<vm><stateless>true</stateless></vm>`

// statelessScenario is a VM with two disks, and what they hold while it is down.
type statelessScenario struct {
	v     *vm
	disks []string
	sums  []string
}

// write is the run whose work stays.
func (s *statelessScenario) write(t *testing.T) {
	s.v.up(t)
	s.both(t, "echo kept >/mnt/DISK/kept; sync")
	s.v.act(t, "stop")
	s.v.await(t, "down")
	s.sums = s.sum(t)
	for _, disk := range s.disks {
		s.v.e.noOverlays(t, disk)
	}
}

func (s *statelessScenario) stopped(t *testing.T) {
	v, e := s.v, s.v.e
	spare := v.addDisk(t, "16777216")
	e.call(t, "POST", v.path()+"/disks/"+spare+"/deactivate", "<action/>")
	followed := v.follow(t)
	said := v.act(t, "start", runStateless)
	if state := said.body.text("status/state"); said.code != 202 || state != "pending" {
		t.Errorf("a stateless start was answered %d, %s", said.code, state)
	}
	s.begun(t)
	passed(t, followed.end(), "down", "image_locked", "wait_for_launch", "powering_up", "up")

	qemu := v.running(t)
	for _, request := range []struct{ path, body, says string }{
		{"/suspend", "<action/>", "Cannot suspend VM, VM is stateless."},
		{"/disks/" + spare + "/activate", "<action/>", "runs stateless and can be given no disk"},
		{"/disks", `<disk><alias>new</alias><interface>virtio</interface><format>cow</format><sparse>true</sparse>
			<provisioned_size>16777216</provisioned_size></disk>`, "runs stateless and can be given no disk"},
	} {
		if said := e.refused(t, 409, "POST", v.path()+request.path, request.body); !strings.Contains(said.text, request.says) {
			t.Errorf("%s was refused with %s", request.path, said.text)
		}
	}
	if now := v.running(t); now != qemu || v.status(t) != "up" {
		t.Errorf("after what was refused the VM is %s", v.status(t))
	}
	if count := len(e.call(t, "GET", v.path()+"/disks", "").body.all("disk")); count != len(s.disks)+1 {
		t.Errorf("after what was refused the VM has %d disks", count)
	}
	v.act(t, "stop")
	s.ended(t)
}

// poweredOff runs by the VM's own wish to be stateless, as do those after it.
func (s *statelessScenario) poweredOff(t *testing.T) {
	s.v.e.call(t, "PUT", s.v.path(), runStateless)
	s.v.act(t, "start")
	s.begun(t)
	if once := s.v.get(t).text("run_once"); once != "false" {
		t.Errorf("run_once is %q", once)
	}
	s.v.leave(t, "poweroff -f")
	s.ended(t)
}

func (s *statelessScenario) killed(t *testing.T) {
	s.v.act(t, "start")
	s.begun(t)
	if err := syscall.Kill(s.v.running(t), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.ended(t)
	s.v.told(t, "119")
}

func (s *statelessScenario) engineKilled(t *testing.T) {
	s.v.act(t, "start")
	s.begun(t)
	qemu := s.v.running(t)
	s.v.e.kill(t)
	s.v.e.start(t)
	s.v.e.awaitHost(t, "up")
	s.v.await(t, "up")
	if now := s.v.running(t); now != qemu {
		t.Errorf("QEMU was process %d and is %d", qemu, now)
	}
	s.both(t, "test -e /mnt/DISK/gone")
	s.v.e.refused(t, 409, "POST", s.v.path()+"/suspend", "<action/>")
	s.v.act(t, "stop")
	s.ended(t)
}

func (s *statelessScenario) poweredOffWhileAway(t *testing.T) {
	s.v.act(t, "start")
	s.begun(t)
	s.v.e.kill(t)
	s.v.leave(t, "poweroff -f")
	s.v.is(t, "shut off (shutdown)")
	s.v.e.start(t)
	s.ended(t)
}

// plain: nothing of the stateless runs is left, and this run's work stays again.
func (s *statelessScenario) plain(t *testing.T) {
	s.v.e.call(t, "PUT", s.v.path(), `<vm><stateless>false</stateless></vm>`)
	if said := s.v.act(t, "start"); said.code != 200 {
		t.Errorf("a plain start was answered %d", said.code)
	}
	s.v.await(t, "up")
	s.both(t, "test -e /mnt/DISK/kept; test ! -e /mnt/DISK/gone")
	for _, disk := range s.disks {
		s.v.e.noOverlays(t, disk)
		if path := s.v.e.diskSource(t, s.v, disk); filepath.Base(path) != s.v.e.volume(t, disk) {
			t.Errorf("a plain run writes to %s", path)
		}
	}
	s.v.act(t, "stop")
	s.v.await(t, "down")
}

// begun waits until a stateless run is up, finds nothing of the one before, and
// writes to both disks.
func (s *statelessScenario) begun(t *testing.T) {
	t.Helper()
	s.v.await(t, "up")
	s.both(t, "grep -q kept /mnt/DISK/kept && test ! -e /mnt/DISK/gone")
	s.both(t, "echo gone >/mnt/DISK/gone; rm /mnt/DISK/kept; sync")
	for _, disk := range s.disks {
		overlay, own := filepath.Base(s.v.e.diskSource(t, s.v, disk)), s.v.e.volume(t, disk)
		if overlay == own {
			t.Fatal("a stateless run writes to the disk itself")
		}
		eventually(t, "the overlay before to go", func() (bool, string) {
			names := strings.Join(s.v.e.volumes(t, disk), " ")
			return names == own+" "+overlay || names == overlay+" "+own, "there are " + names
		})
	}
}

// ended waits until the run is over and compares the disks' own volumes.
func (s *statelessScenario) ended(t *testing.T) {
	t.Helper()
	s.v.await(t, "down")
	for i, sum := range s.sum(t) {
		if sum != s.sums[i] {
			t.Errorf("the run has changed the volume of disk %d", i)
		}
	}
}

// both runs a shell command in the guest for each of the two disks.
func (s *statelessScenario) both(t *testing.T, command string) {
	t.Helper()
	for _, name := range []string{"vda", "vdb"} {
		s.v.inside(t, "set -e; while ! grep -q /mnt/"+name+" /proc/mounts; do sleep 1; done; "+
			strings.ReplaceAll(command, "DISK", name))
	}
}

// sum gives what the disks' own volumes are, bit for bit.
func (s *statelessScenario) sum(t *testing.T) []string {
	t.Helper()
	var sums []string
	for _, disk := range s.disks {
		file, err := os.Open(filepath.Join(s.v.e.group(t, disk), s.v.e.volume(t, disk)))
		if err != nil {
			t.Fatal(err)
		}
		hash := sha256.New()
		if _, err := io.Copy(hash, file); err != nil {
			t.Fatal(err)
		}
		_ = file.Close()
		sums = append(sums, fmt.Sprintf("%x", hash.Sum(nil)))
	}
	return sums
}
