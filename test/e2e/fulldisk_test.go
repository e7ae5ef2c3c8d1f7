package e2e

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"testing"
)

// TestFullDisk fills the file system under a VM's disk: the VM is paused with
// that reason and goes on when there is room again.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dataDir := newDataDir(t)
	small := dataDomain(dataDir)
	mountSmall(t, small, "64m")
	e := serveFrom(t, dataDir, system, map[string]string{"StorageCheckInterval": "5s"})
	ballast := filepath.Join(small, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 40<<20), 0o600); err != nil {
		t.Fatal(err)
	}

	v := e.create(t, "vireo.format", "vireo.write")
	disk := e.call(t, "POST", v.path()+"/disks", `<disk><alias>full</alias><interface>virtio</interface>
		<format>cow</format><sparse>true</sparse><provisioned_size>50331648</provisioned_size></disk>`)
	eventually(t, "the disk to be ok", func() (bool, string) {
		state := e.call(t, "GET", v.path()+"/disks/"+disk.body.attr("id"), "").body.text("status/state")
		return state == "ok", "it is " + state
	})
	v.act(t, "start")
	v.await(t, "paused")
	if detail := v.get(t).text("status/detail"); detail != "enospc" {
		t.Errorf("the detail of the pause is %q", detail)
	}
	v.told(t, "138")
	v.is(t, "paused (I/O error)")
	e.refused(t, 409, "PUT", v.path()+"/disks/"+disk.body.attr("id"), `<disk><provisioned_size>67108864</provisioned_size></disk>`)
	belongsToQEMU(t, small, disk.body.attr("id"))
	full := &domain{e, e.call(t, "GET", "/storagedomains?search=name%3Dlocal-data", "").body.at("storage_domain").attr("id"), "local-data"}
	full.becomes(t, "inactive")
	full.told(t, "201")

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	full.becomes(t, "active")
	v.await(t, "up")
	v.told(t, "196")
	e.call(t, "PUT", v.path()+"/disks/"+disk.body.attr("id"), `<disk><provisioned_size>67108864</provisioned_size></disk>`)
	// With a full disk of its own the guest lives on.
	eventually(t, "the guest to fill its disk", func() (bool, string) {
		if status := v.status(t); status != "up" {
			t.Fatalf("it became %s again", status)
		}
		free, err := e.daemon.inside(v.id, "df /mnt/vda | tail -1 | awk '{print $4}'")
		left, parseErr := strconv.Atoi(free)
		return err == nil && parseErr == nil && left < 512, free + " KiB are left in the guest"
	})
	v.act(t, "stop")
	v.await(t, "down")
	belongsToQEMU(t, small, disk.body.attr("id"))
	v.remove(t)
	eventually(t, "the disk's image to go", func() (bool, string) {
		left, _ := filepath.Glob(filepath.Join(small, "*", "images", disk.body.attr("id")))
		return len(left) == 0, ""
	})
}

// dataDomain is the folder of the data domain of a fresh engine.
func dataDomain(dataDir string) string { return filepath.Join(dataDir, "storage", "local-data") }

// belongsToQEMU checks that the images of a disk are the hypervisor's user's,
// whether or not its guest runs.
func belongsToQEMU(t *testing.T, domain, disk string) {
	t.Helper()
	hypervisor, err := user.Lookup("libvirt-qemu")
	if err != nil {
		t.Fatal(err)
	}
	volumes, err := filepath.Glob(filepath.Join(domain, "*", "images", disk, "*-????????????"))
	if err != nil || len(volumes) != 1 {
		t.Fatalf("the disk has the volumes %v, %v", volumes, err)
	}
	info, err := os.Stat(volumes[0])
	if err != nil {
		t.Fatal(err)
	}
	if owner := strconv.Itoa(int(ownerOf(info))); owner != hypervisor.Uid {
		t.Errorf("the image belongs to user %s, want %s", owner, hypervisor.Uid)
	}
}

// mountSmall mounts a file system of that size.
func mountSmall(t *testing.T, at, size string) {
	t.Helper()
	if err := os.MkdirAll(at, 0o711); err != nil {
		t.Fatal(err)
	}
	if output, err := exec.Command("mount", "-t", "tmpfs", "-o", "mode=0711,size="+size, "vireo-e2e", at).CombinedOutput(); err != nil {
		t.Fatalf("mounting: %v: %s", err, output)
	}
	t.Cleanup(func() { _ = exec.Command("umount", "--lazy", at).Run() })
}
