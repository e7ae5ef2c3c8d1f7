package e2e

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// writeISO puts a file into the ISO domain.
func (e *engine) writeISO(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(e.dataDir, "iso", name), content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// copyISO puts a file of the small guest into the ISO domain under another name.
func (e *engine) copyISO(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(guestFolder, from))
	if err != nil {
		t.Fatal(err)
	}
	e.writeISO(t, to, content)
}

// floppyImage is a floppy with one file of this content.
func floppyImage(content string) []byte {
	folder, err := os.MkdirTemp("", "vireo-floppy-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	image, file := filepath.Join(folder, "image"), filepath.Join(folder, "file.txt")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		panic(err)
	}
	for _, command := range [][]string{
		{"mformat", "-C", "-i", image, "-f", "1440", "::"}, {"mcopy", "-i", image, file, "::file.txt"},
	} {
		if output, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			panic(fmt.Sprintf("%v: %v: %s", command, err, output))
		}
	}
	made, err := os.ReadFile(image)
	if err != nil {
		panic(err)
	}
	return made
}

// addDisk gives the VM a thin disk and waits until it is ready.
func (v *vm) addDisk(t *testing.T, size string) (id string) {
	t.Helper()
	return v.addDiskOf(t, "cow", size)
}

// addDiskOf is addDisk with the image's format: cow or raw.
func (v *vm) addDiskOf(t *testing.T, format, size string) (id string) {
	t.Helper()
	return v.addDiskLike(t, "virtio", format, "true", size)
}

// addDiskLike is addDiskOf with bus and allocation.
func (v *vm) addDiskLike(t *testing.T, bus, format, sparse, size string) (id string) {
	t.Helper()
	id = v.e.call(t, "POST", v.path()+"/disks", `<disk><alias>disk</alias><interface>`+bus+`</interface>
		<format>`+format+`</format><sparse>`+sparse+`</sparse><provisioned_size>`+size+`</provisioned_size></disk>`).body.attr("id")
	eventually(t, "the disk to be ok", func() (bool, string) {
		state := v.e.call(t, "GET", v.path()+"/disks/"+id, "").body.text("status/state")
		return state == "ok", "it is " + state
	})
	return id
}

// statusText is what of a representation tells of runs.
var statusText = regexp.MustCompile(`(?s)<(status|stop_time|start_time|stop_reason)>.*?</(status|stop_time|start_time|stop_reason)>`)

// configuration is the representation of a VM that is down, without what tells of
// its runs.
func (v *vm) configuration(t *testing.T) string {
	t.Helper()
	text := statusText.ReplaceAllString(v.e.call(t, "GET", v.path(), "").text, "")
	return strings.Join(strings.Fields(text), " ")
}

// group is the folder of a disk's volumes.
func (e *engine) group(t *testing.T, disk string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(e.dataDir, "*", "*", "images", disk))
	if err != nil || len(found) != 1 {
		found, err = filepath.Glob(filepath.Join(e.dataDir, "*", "*", "*", "images", disk))
	}
	if len(found) > 1 { // it was exported, too
		in := e.call(t, "GET", "/disks/"+disk, "").body.all("storage_domains/storage_domain")[0].attr("id")
		found = slices.DeleteFunc(found, func(path string) bool { return !strings.Contains(path, "/"+in+"/") })
	}
	if err != nil || len(found) != 1 {
		t.Fatalf("the image group of disk %s: %v, %v", disk, found, err)
	}
	return found[0]
}

// volume is the name of a disk's own volume.
func (e *engine) volume(t *testing.T, disk string) string {
	t.Helper()
	return e.call(t, "GET", "/disks/"+disk, "").body.text("image_id")
}

// volumes are the names of the volumes in a disk's image group.
func (e *engine) volumes(t *testing.T, disk string) []string {
	t.Helper()
	entries, err := os.ReadDir(e.group(t, disk))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		if !strings.Contains(entry.Name(), ".") {
			names = append(names, entry.Name())
		}
	}
	return names
}

// noOverlays waits until a disk has its own volume and no other.
func (e *engine) noOverlays(t *testing.T, disk string) {
	t.Helper()
	own := e.volume(t, disk)
	eventually(t, "what a stateless run wrote to be removed", func() (bool, string) {
		left := e.volumes(t, disk)
		return len(left) == 1 && left[0] == own, fmt.Sprint("there are ", left)
	})
}

// diskSource is the path of the image that the guest has as this disk.
func (e *engine) diskSource(t *testing.T, v *vm, disk string) string {
	t.Helper()
	for line := range strings.SplitSeq(e.daemon.must(t, "domblklist", v.id), "\n") {
		if fields := strings.Fields(line); len(fields) == 2 && strings.Contains(fields[1], disk) {
			return fields[1]
		}
	}
	t.Fatalf("the guest does not have the disk %s", disk)
	return ""
}

// readVolume reads from what a disk holds, of a VM that is down.
func (e *engine) readVolume(t *testing.T, disk string, offset, length int64) string {
	t.Helper()
	raw := filepath.Join(t.TempDir(), "raw")
	path := filepath.Join(e.group(t, disk), e.volume(t, disk))
	if output, err := exec.Command("qemu-img", "convert", "-O", "raw", path, raw).CombinedOutput(); err != nil {
		t.Fatalf("reading the disk: %v: %s", err, output)
	}
	file, err := os.Open(raw)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	bytes := make([]byte, length)
	if _, err := file.ReadAt(bytes, offset); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return string(bytes)
}
