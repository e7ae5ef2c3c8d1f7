package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The sizes in bytes of the disks of TestGrowDisk, before and after.
const (
	smallDisk = 16 << 20
	grownDisk = 48 << 20
)

// growing are the disks that TestGrowDisk grows, in the order in which the guest
// has them.
var growing = []struct{ name, device, bus, format, sparse string }{
	{"thin cow on virtio", "vda", "virtio", "cow", "true"},
	{"thin raw on virtio", "vdb", "virtio", "raw", "true"},
	{"preallocated raw on virtio", "vdc", "virtio", "raw", "false"},
	{"thin cow on virtio_scsi", "sda", "virtio_scsi", "cow", "true"},
}

// TestGrowDisk grows disks under a guest that runs, which sees it at once and
// writes to what is new; the same is there after the next start.
func TestGrowDisk(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	v := e.create(t)
	e.call(t, "PUT", v.path(), `<vm><virtio_scsi enabled="true"/></vm>`)
	ids := make([]string, len(growing))
	for i, kind := range growing {
		ids[i] = v.addDiskLike(t, kind.bus, kind.format, kind.sparse, fmt.Sprint(smallDisk))
	}
	v.up(t)
	for i, kind := range growing {
		t.Run(kind.name, func(t *testing.T) {
			v.sees(t, kind.device, smallDisk)
			v.inside(t, "echo before | dd of=/dev/"+kind.device+" conv=notrunc; sync")
			v.grow(t, ids[i], grownDisk)
			v.sees(t, kind.device, grownDisk)
			v.inside(t, fmt.Sprintf("echo after | dd of=/dev/%s conv=notrunc bs=512 seek=%d; sync", kind.device, grownDisk/512-1))
			e.hasSize(t, ids[i], kind.sparse, grownDisk)
			said := e.refused(t, 400, "PUT", v.path()+"/disks/"+ids[i], diskOfSize(smallDisk))
			if !strings.Contains(said.text, "A disk can only grow.") {
				t.Errorf("shrinking was refused with %s", said.text)
			}
		})
	}
	t.Run("the engine dies", func(t *testing.T) { diesGrowing(t, v, ids[0]) })
	v.told(t, "88")
	v.act(t, "stop")
	v.await(t, "down")
	v.up(t)
	for i, kind := range growing {
		size := int64(grownDisk)
		if i == 0 {
			size += 2 << 20 // it has grown twice more
		}
		v.sees(t, kind.device, size)
		e.hasSize(t, ids[i], kind.sparse, size)
		read := fmt.Sprintf("head -c 7 /dev/%[1]s; dd if=/dev/%[1]s bs=512 skip=%[2]d 2>/dev/null | head -c 6", kind.device, grownDisk/512-1)
		if found := v.inside(t, read); found != "before\nafter" {
			t.Errorf("%s: the disk holds %q", kind.name, found)
		}
	}
	v.act(t, "stop")
	v.await(t, "down")
}

// diesGrowing kills the engine before and after QEMU has grown the disk; the next
// one finishes that, while the guest runs on.
func diesGrowing(t *testing.T, v *vm, disk string) {
	qemu := v.running(t)
	for i, point := range []string{"grow_in_use/resize", "grow_in_use/resize/done"} {
		size := int64(grownDisk + (i+1)<<20)
		v.e.stop(t)
		v.e.start(t, "VIREO_CRASH_AT="+point)
		v.e.awaitHost(t, "up")
		v.await(t, "up")
		_, _ = v.e.try("PUT", v.path()+"/disks/"+disk, diskOfSize(size))
		v.e.awaitEnd(t)
		v.e.start(t)
		v.e.awaitSize(t, disk, size)
		v.sees(t, growing[0].device, size)
		v.e.hasSize(t, disk, "true", size)
	}
	if now := v.running(t); now != qemu {
		t.Errorf("QEMU was process %d and is %d", qemu, now)
	}
}

func diskOfSize(size int64) string {
	return fmt.Sprintf("<disk><provisioned_size>%d</provisioned_size></disk>", size)
}

// grow makes a disk of the VM larger and waits until that is recorded.
func (v *vm) grow(t *testing.T, disk string, size int64) {
	t.Helper()
	v.e.call(t, "PUT", v.path()+"/disks/"+disk, diskOfSize(size))
	v.e.awaitSize(t, disk, size)
}

// awaitSize waits until a disk is free and shown as that large.
func (e *engine) awaitSize(t *testing.T, disk string, size int64) {
	t.Helper()
	eventually(t, "the disk to have grown", func() (bool, string) {
		shown := e.call(t, "GET", "/disks/"+disk, "").body
		state, now := shown.text("status/state"), shown.text("provisioned_size")
		return state == "ok" && now == fmt.Sprint(size), "it is " + state + " and has " + now + " bytes"
	})
}

// sees waits until the guest sees a device of that many bytes.
func (v *vm) sees(t *testing.T, device string, size int64) {
	t.Helper()
	eventually(t, "the guest to see the size of "+device, func() (bool, string) {
		sectors, err := v.e.daemon.inside(v.id, "cat /sys/block/"+device+"/size")
		return err == nil && sectors == fmt.Sprint(size/512), fmt.Sprint("it sees ", sectors, " sectors, ", err)
	})
}

// hasSize compares a disk's image and its metadata with what it should be; one
// that is not sparse has all its space.
func (e *engine) hasSize(t *testing.T, disk, sparse string, size int64) {
	t.Helper()
	path := filepath.Join(e.group(t, disk), e.volume(t, disk))
	output, err := exec.Command("qemu-img", "info", "-U", "--output=json", path).Output()
	var info struct {
		VirtualSize int64 `json:"virtual-size"`
		ActualSize  int64 `json:"actual-size"`
	}
	if err != nil || json.Unmarshal(output, &info) != nil {
		t.Fatalf("qemu-img does not say what %s is: %v: %s", path, err, output)
	}
	if info.VirtualSize != size || sparse == "false" && info.ActualSize < size {
		t.Errorf("the image has %d bytes, %d of them taken", info.VirtualSize, info.ActualSize)
	}
	meta, err := os.ReadFile(path + ".meta")
	if err != nil || !strings.Contains(string(meta), fmt.Sprintf("\nSIZE=%d\n", size/512)) {
		t.Errorf("the metadata is %s, %v", meta, err)
	}
}
