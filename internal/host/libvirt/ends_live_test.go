package libvirt

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"vireo/internal/host"
	"vireo/internal/model"
)

func itoa(n int) string { return strconv.Itoa(n) }

// TestPanicIsSeen lets the guest's kernel panic: that is said at once, and can be
// seen by one who asks later, until the guest is destroyed.
func TestPanicIsSeen(t *testing.T) {
	h := connect(t)
	events, err := h.Watch(testContext(t))
	must(t, err)
	spec := linuxSpec(t, h)
	spec.Cmdline += " vireo.panic_after=1"
	boot(t, h, spec)
	awaitEvent(t, events, spec.ID, host.EventPanicked)
	until(t, connect(t), spec.ID, "panicked", func(g host.Guest) bool { return g.State == host.Crashed })
	must(t, h.Destroy(testContext(t), spec.ID))
	until(t, h, spec.ID, "off", func(g host.Guest) bool { return g.State == host.Off && g.End == host.EndDestroyed })
}

// TestFullDiskPauses fills the file system below a disk: the guest is paused
// with that reason, to one who saw the event and to one who asks later.
func TestFullDiskPauses(t *testing.T) {
	h := connect(t)
	events, err := h.Watch(testContext(t))
	must(t, err)
	spec := linuxSpec(t, h)
	spec.Cmdline += " vireo.format vireo.write"
	spec.Kernel, spec.Initrd = guestFile(t, "vmlinuz-guest-hardware"), guestFile(t, "initrd-guest-hardware.img")
	disk := newDisk(t, h, model.DiskCOW)
	small := smallFileSystem(t, 24)
	disk.Path = moveInto(t, disk.Path, small)
	give(t, h, disk.Path)
	spec.Disks = []host.DiskSpec{disk}
	boot(t, h, spec)
	if event := awaitEvent(t, events, spec.ID, host.EventIOError); event.Pause != host.PauseNoSpace {
		t.Errorf("the event says %+v", event)
	}
	full := func(g host.Guest) bool { return g.State == host.Paused && g.Pause == host.PauseNoSpace }
	until(t, h, spec.ID, "paused for lack of space", full)
	until(t, connect(t), spec.ID, "paused for lack of space", full)
}

// smallFileSystem mounts a file system of some MiB.
func smallFileSystem(t *testing.T, mebibytes int) string {
	t.Helper()
	folder := imageFolder(t)
	run(t, "mount", "-t", "tmpfs", "-o", "mode=0755,size="+itoa(mebibytes)+"m", "vireo-test", folder)
	t.Cleanup(func() { run(t, "umount", "--lazy", folder) })
	return folder
}

func run(t *testing.T, name string, arguments ...string) {
	t.Helper()
	if output, err := exec.Command(name, arguments...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", name, err, output)
	}
}

func moveInto(t *testing.T, path, folder string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	moved := filepath.Join(folder, filepath.Base(path))
	must(t, os.WriteFile(moved, text, 0o660))
	return moved
}

// TestSaveWithoutSpace fails for lack of space: the guest runs on and the file
// is gone.
func TestSaveWithoutSpace(t *testing.T) {
	h := connect(t)
	spec := linuxSpec(t, h)
	boot(t, h, spec)
	untilAgent(t, h, spec.ID)
	path := filepath.Join(smallFileSystem(t, 4), "state")
	refusal(t, h.Save(testContext(t), spec.ID, path), host.RefusedResource)
	until(t, h, spec.ID, "running again", func(g host.Guest) bool { return g.State == host.Running })
	if exists(path) {
		t.Error("half a saved state is left over")
	}
}

// TestGuestInfoOnTheNetwork starts a guest on libvirt's own network, where it
// gets an address that the agent tells, and unplugs its link.
func TestGuestInfoOnTheNetwork(t *testing.T) {
	h := connect(t)
	spec := linuxSpec(t, h)
	nic := host.NICSpec{ID: model.NewID(), MAC: newMAC(spec.ID), Model: model.NICVirtio, Network: "default", Linked: true}
	spec.NICs = []host.NICSpec{nic}
	spec.Cmdline += " vireo.hostname=named"
	boot(t, h, spec)
	untilAgent(t, h, spec.ID)
	until(t, h, spec.ID, "with an address", func(host.Guest) bool {
		info, err := h.GuestInfo(testContext(t), spec.ID)
		return err == nil && len(info.IPs) > 0
	})
	info, err := h.GuestInfo(testContext(t), spec.ID)
	must(t, err)
	if info.FQDN != "named" || info.OS == nil || info.OS.Kernel == "" || info.TimeZone == nil || len(info.Devices) != 1 ||
		info.Devices[0].MAC != nic.MAC || info.IPs[0].Version != "v4" {
		t.Errorf("the guest says %+v", info)
	}
	nic.Linked = false
	must(t, h.UpdateNIC(testContext(t), spec.ID, nic))
	until(t, h, spec.ID, "without a carrier", func(host.Guest) bool {
		text, err := guestFileText(testContext(t), h, spec.ID, "/sys/class/net/eth0/carrier")
		return err == nil && text == "0\n"
	})
	sample := samplesByID(t, h)[spec.ID]
	if len(sample.NICs) != 1 || sample.NICs[0].ReceivedBytes == 0 || sample.NICs[0].MAC != nic.MAC {
		t.Errorf("the NIC's counters are %+v", sample.NICs)
	}
	// The NIC moves to user mode, which is another device to QEMU.
	nic.Network, nic.User, nic.Linked = "", true, true
	must(t, h.UpdateNIC(testContext(t), spec.ID, nic))
	until(t, h, spec.ID, "reporting its memory", func(host.Guest) bool {
		sample := samplesByID(t, h)[spec.ID]
		return sample.MemoryUnused > 0 && sample.MemoryCached >= 0 && sample.MemoryResident > 0
	})
}
