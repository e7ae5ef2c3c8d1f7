package sitetest

import (
	"os"
	"syscall"
	"testing"
)

// memory is where Linux has a file system in memory.
const memory = "/dev/shm"

// enough is the room that a site may need there, in bytes.
const enough = 4 << 30

// quickDir makes a directory for a site, in memory where that can be: what a site
// keeps need not survive the machine, and a test makes very many of them.
func quickDir(t testing.TB) string {
	t.Helper()
	var s syscall.Statfs_t
	if err := syscall.Statfs(memory, &s); err != nil || int64(s.Bavail)*s.Bsize < enough {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp(memory, "vireo-test-") //nolint:usetesting // t.TempDir cannot be told where
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() {
		// A check of a storage domain that was given up may still write its probe.
		err := os.RemoveAll(dir)
		for tries := 0; err != nil && tries < 100; tries++ {
			err = os.RemoveAll(dir)
		}
		if err != nil {
			t.Error(err)
		}
	})
	return dir
}
