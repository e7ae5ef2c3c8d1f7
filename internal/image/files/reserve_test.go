package files

import (
	"os"
	"path/filepath"
	"testing"
)

// TestAllocateThatFails: no file system has so much, and the file is left as it
// was.
func TestAllocateThatFails(t *testing.T) {
	file, err := os.Create(filepath.Join(t.TempDir(), "image"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString("content"); err != nil {
		t.Fatal(err)
	}
	if err := allocate(file, 1<<62); err == nil {
		t.Error("a file got 4 EiB")
	}
	if info, err := file.Stat(); err != nil || info.Size() != int64(len("content")) {
		t.Errorf("it is %v, %v", info, err)
	}
	if err := allocate(file, 1<<20); err != nil {
		t.Error(err)
	}
	text := make([]byte, len("content"))
	if _, err := file.ReadAt(text, 0); err != nil || string(text) != "content" {
		t.Errorf("it holds %q, %v", text, err)
	}
}
