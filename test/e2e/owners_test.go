package e2e

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// owners: files of the ISO domain are the operator's, whatever guests had them;
// what only the engine may read is closed to others.
func (j *mainJob) owners(t *testing.T) {
	for _, name := range []string{kernelFile, initrdFile, isoFile} {
		info, err := os.Stat(filepath.Join(j.e.dataDir, "iso", name))
		if err != nil {
			t.Fatal(err)
		}
		if owner := ownerOf(info); owner != 0 || info.Mode().Perm() != 0o644 {
			t.Errorf("%s belongs to user %d and has mode %v", name, owner, info.Mode())
		}
	}
	for _, name := range []string{"vireo.db", "control.sock", "pki"} {
		info, err := os.Stat(filepath.Join(j.e.dataDir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is open to others: %v", name, info.Mode())
		}
	}
}

func ownerOf(info os.FileInfo) uint32 { return info.Sys().(*syscall.Stat_t).Uid }
