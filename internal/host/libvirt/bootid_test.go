package libvirt

import (
	"os"
	"path/filepath"
	"testing"
)

// TestReadBeginning: of a file that is large no more is read than of one elsewhere.
func TestReadBeginning(t *testing.T) {
	path := filepath.Join(t.TempDir(), "image")
	must(t, os.WriteFile(path, []byte("beginning"), 0o600))
	must(t, os.Truncate(path, 1<<40))
	text, err := readBeginning(path)
	if err != nil || len(text) != remoteFileLimit || string(text[:9]) != "beginning" {
		t.Errorf("%d bytes: %v", len(text), err)
	}
	if _, err := readBeginning(path + "x"); err == nil {
		t.Error("a file was read that is not there")
	}
}
