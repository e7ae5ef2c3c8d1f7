package e2e

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestMergeWithoutRoom removes snapshots under a guest where what lies above them does
// not fit below: the removals fail, with the snapshots and all that the guest has written
// as they were, and succeed when there is room.
func TestMergeWithoutRoom(t *testing.T) {
	t.Parallel()
	dataDir := newDataDir(t)
	small := dataDomain(dataDir)
	mountSmall(t, small, "96m")
	e := serveFrom(t, dataDir, system, map[string]string{"StorageCheckInterval": "5s"})
	s := newSnapshots(t, e)
	const much = 16
	sums := make(map[string]string)
	for _, name := range []string{"first", "second"} {
		s.take(t, name, "")
		sums[name] = strings.TrimSpace(s.v.inside(t, mounted+"dd if=/dev/urandom of=/mnt/vda/"+name+" bs=1M count=16; sync; sha256sum </mnt/vda/"+name))
	}
	ids := s.ids(t)
	ballast := filepath.Join(small, "ballast")
	for _, test := range []struct{ what, id string }{{"in the middle", ids[0]}, {"the active one", ids[1]}} {
		t.Run(test.what, func(t *testing.T) {
			e.stop(t)
			e.start(t, "VIREO_CRASH_AT=live/merge")
			e.awaitHost(t, "up")
			s.v.await(t, "up")
			_, _ = e.try("DELETE", s.v.path()+"/snapshots/"+test.id, "")
			e.awaitEnd(t)
			leave(t, small, ballast, much/2<<20)
			e.start(t)
			e.awaitHost(t, "up")
			s.settles(t, test.id)
			s.v.told(t, "357")
			if status := s.v.status(t); status != "up" {
				t.Errorf("the VM is %s", status)
			}
			s.holds(t, sums)
			need(t, os.Remove(ballast))
		})
	}
	full := &domain{e, e.call(t, "GET", "/storagedomains?search=name%3Dlocal-data", "").body.at("storage_domain").attr("id"), "local-data"}
	full.becomes(t, "active")
	for _, id := range ids {
		s.remove(t, id)
	}
	s.single(t)
	s.holds(t, sums)
	s.v.act(t, "stop")
	s.v.await(t, "down")
	s.v.up(t)
	s.holds(t, sums)
}

// holds wants the files of these sums, read anew from the disk, and the file a.
func (s *snapshots) holds(t *testing.T, sums map[string]string) {
	t.Helper()
	s.has(t, "a")
	for name, sum := range sums {
		if now := strings.TrimSpace(s.v.inside(t, "sha256sum </mnt/vda/"+name)); now != sum {
			t.Errorf("%s holds %s, and was written as %s", name, now, sum)
		}
	}
}

// leave fills a file system until only so many bytes are free.
func leave(t *testing.T, folder, ballast string, free int64) {
	t.Helper()
	file, err := os.Create(ballast)
	need(t, err)
	defer file.Close()
	var now syscall.Statfs_t
	need(t, syscall.Statfs(folder, &now))
	if _, err := file.Write(make([]byte, int64(now.Bavail)*now.Bsize-free)); err != nil && !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}
