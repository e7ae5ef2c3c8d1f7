package libvirt

import (
	"os"
	"syscall"
	"testing"

	"vireo/internal/host"
	"vireo/internal/model"
)

// ownerOf is who a file belongs to and who may do what with it.
func ownerOf(t *testing.T, path string) (uid, gid uint32, mode os.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	stat := info.Sys().(*syscall.Stat_t)
	return stat.Uid, stat.Gid, info.Mode().Perm()
}

// TestFilesKeepTheirOwner shows what docs/decisions/image-ownership.md says: a
// run changes the owner of no file, neither while the guest runs nor after.
func TestFilesKeepTheirOwner(t *testing.T) {
	h := connect(t)
	facts, err := h.Facts(testContext(t))
	must(t, err)
	if facts.ImageUID <= 0 || facts.ImageGID <= 0 {
		t.Fatalf("QEMU runs as %d:%d", facts.ImageUID, facts.ImageGID)
	}
	spec := linuxSpec(t, h)
	spec.Kernel, spec.Initrd = copyOf(t, spec.Kernel), copyOf(t, spec.Initrd)
	spec.CDROM = copyOf(t, guestFile(t, "vireo-guest.iso"))
	other := copyOf(t, spec.CDROM)
	disk := newDisk(t, h, model.DiskCOW)
	spec.Disks = []host.DiskSpec{disk}
	public := []string{spec.Kernel, spec.Initrd, spec.CDROM, other}
	for _, path := range public {
		must(t, os.Chmod(path, 0o644))
	}
	check := func(when string) {
		t.Helper()
		for _, path := range public {
			if uid, gid, mode := ownerOf(t, path); uid != 0 || gid != 0 || mode != 0o644 {
				t.Errorf("%s: %s belongs to %d:%d, mode %o", when, path, uid, gid, mode)
			}
		}
		if uid, gid, mode := ownerOf(t, disk.Path); int(uid) != facts.ImageUID || int(gid) != facts.ImageGID || mode != 0o660 {
			t.Errorf("%s: the disk belongs to %d:%d, mode %o", when, uid, gid, mode)
		}
	}
	boot(t, h, spec)
	untilAgent(t, h, spec.ID)
	check("while it runs")
	process, err := os.Stat("/proc/" + itoa(qemuPID(t, spec.ID)))
	must(t, err)
	if stat := process.Sys().(*syscall.Stat_t); int(stat.Uid) != facts.ImageUID {
		t.Errorf("QEMU runs as user %d, not %d", stat.Uid, facts.ImageUID)
	}
	must(t, h.ChangeCDROM(testContext(t), spec.ID, other))
	check("after a change of the CD")
	must(t, h.Destroy(testContext(t), spec.ID))
	check("after its end")
}
