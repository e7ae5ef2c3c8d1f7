package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// storageIsWhole lets the program compare what it has recorded with what lies on the
// disk, as operators do. Each test's engine is asked before it goes.
func (e *engine) storageIsWhole(t *testing.T) {
	t.Helper()
	eventually(t, "the storage check to find nothing", func() (bool, string) {
		output, err := e.tool("storage", "check")
		// Descriptions follow a moment later, and one may be being written now.
		if err != nil && !strings.Contains(output, "description_left") && !strings.Contains(output, ".ovf.part") {
			t.Fatalf("the storage check found: %v\n%s", err, output)
		}
		return err == nil, output
	})
}

// TestStorageCheck: the checker says what is wrong, with the engine and without it,
// and what killed work has left is gone with the next start.
func TestStorageCheck(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	v := e.create(t)
	disk := v.addDisk(t, "16777216")
	lone := "11111111-2222-3333-4444-555555555555"
	write := func(path string) string {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	images := filepath.Dir(e.group(t, disk))
	left := []string{
		write(filepath.Join(images, disk, "."+lone+".part")),
		write(filepath.Join(images, "_remove_me_"+lone, lone)),
	}
	unknown := write(filepath.Join(images, disk, lone))
	finds := func(words ...string) {
		t.Helper()
		output, err := e.tool("storage", "check", "--format", "json")
		if (err != nil) != (len(words) > 0) || strings.Count(output, `"kind"`) != len(words) {
			t.Errorf("the check ended with %v and said\n%s", err, output)
		}
		for _, word := range words {
			if !strings.Contains(output, word) {
				t.Errorf("the check does not say %q", word)
			}
		}
	}
	finds("temporary_left", "removal_left", "volume_unknown")
	e.kill(t)
	finds("temporary_left", "removal_left", "volume_unknown")
	e.start(t)
	eventually(t, "what killed work has left to go", func() (bool, string) {
		for _, path := range left {
			if _, err := os.Stat(path); err == nil {
				return false, path + " is there"
			}
		}
		return true, ""
	})
	finds("volume_unknown")
	if err := os.Remove(unknown); err != nil {
		t.Fatal(err)
	}
	finds()
}
