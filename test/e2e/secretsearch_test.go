package e2e

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// nowhere searches all that was written, and wants no secret but in the seeds of
// the VMs that run, and in the memory that was saved of a guest.
func (s *secrecy) nowhere(t *testing.T, when string, running ...*vm) {
	t.Helper()
	if around, _ := s.find(strings.NewReader(s.past.String() + s.e.run.logged())); around != "" {
		t.Errorf("%s a secret is in the engine's log: …%s…", when, around)
	}
	found := map[string]string{}
	search := func(folder string, since time.Time) int {
		some, read := s.below(folder, since, func(path string) bool {
			return filepath.Dir(path) == dataRoot && strings.HasPrefix(filepath.Base(path), prefix)
		})
		maps.Copy(found, some)
		return read
	}
	for _, folder := range []string{s.e.dataDir, s.p.folder} {
		entries, _ := filepath.Glob(folder + "/*")
		read := 0
		for _, entry := range entries {
			read += search(entry, time.Time{})
		}
		if read == 0 {
			t.Errorf("nothing was read in %s", folder)
		}
	}
	for _, folder := range []string{
		s.seedsRoot(), "/tmp", "/var/tmp", "/run", "/dev/shm", "/var/log/libvirt", "/var/lib/libvirt", "/var/cache/libvirt",
	} {
		search(folder, s.began)
	}
	for _, pattern := range []string{"/proc/[0-9]*/cmdline", "/proc/[0-9]*/environ"} {
		processes, _ := filepath.Glob(pattern)
		for _, process := range processes {
			if around, _ := s.inFile(process); around != "" {
				found[process] = around
			}
		}
	}
	for path, around := range found {
		allowed := slices.ContainsFunc(running, func(v *vm) bool { return filepath.Dir(path) == s.seedFolder(v) })
		if !allowed {
			t.Errorf("%s a secret is in %s: …%q…", when, path, around)
		}
	}
}

// seedsRoot is libvirt's folder in memory, as the daemon has it.
func (s *secrecy) seedsRoot() string { return fmt.Sprintf("/proc/%d/root/run/libvirt", s.p.first) }

func (s *secrecy) seedFolder(v *vm) string { return s.seedsRoot() + "/vireo-seeds-" + v.id }

// hasSeeds wants so many seeds of a guest, with secrets, for its QEMU alone.
func (s *secrecy) hasSeeds(t *testing.T, v *vm, count int) {
	t.Helper()
	files, _ := filepath.Glob(s.seedFolder(v) + "/*")
	if len(files) != count {
		t.Errorf("the guest has the seeds %v, want %d", files, count)
	}
	for _, file := range files {
		s.closed(t, file)
		if around, _ := s.inFile(file); around == "" {
			t.Errorf("there is no secret in %s", file)
		}
		if mine, qemu := owner(t, file), owner(t, fmt.Sprintf("/proc/%d", v.running(t))); mine != qemu {
			t.Errorf("%s belongs to %d, and QEMU runs as %d", file, mine, qemu)
		}
	}
}

// noSeeds waits until a VM has none: they go after what is told of its end.
func (s *secrecy) noSeeds(t *testing.T, v *vm) {
	t.Helper()
	eventually(t, "the seeds of "+v.name+" to go", func() (bool, string) {
		left, _ := filepath.Glob(s.seedFolder(v) + "*")
		return len(left) == 0, fmt.Sprint("there are ", left)
	})
}

// closed wants a file that only its owner can read.
func (s *secrecy) closed(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Error(err)
	} else if info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others can get at %s: %v", path, info.Mode())
	}
}

// owner is the user that a file, or a process, belongs to.
func owner(t *testing.T, path string) uint32 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return ownerOf(info)
}
