package libvirt

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"vireo/internal/host"
	"vireo/internal/model"
)

// TestGuestSeesGrowth grows disks of each kind under a guest that runs: it sees
// the new size, and the image has it.
func TestGuestSeesGrowth(t *testing.T) {
	const grown = 256 << 20
	h := connect(t)
	spec := linuxSpec(t, h)
	spec.Kernel, spec.Initrd = guestFile(t, "vmlinuz-guest-hardware"), guestFile(t, "initrd-guest-hardware.img")
	spec.Memory, spec.VirtioSCSI = 256<<20, true
	reserved := newDisk(t, h, model.DiskRaw)
	for _, bus := range []model.DiskInterface{model.DiskVirtio, model.DiskVirtioSCSI} {
		for _, format := range []model.DiskFormat{model.DiskCOW, model.DiskRaw} {
			disk := newDisk(t, h, format)
			disk.Interface = bus
			spec.Disks = append(spec.Disks, disk)
		}
	}
	spec.Disks = append(spec.Disks, reserved)
	boot(t, h, spec)
	untilAgent(t, h, spec.ID)

	// A raw file may have the space before QEMU knows of it.
	must(t, os.Truncate(reserved.Path, grown))
	for _, disk := range spec.Disks {
		must(t, h.ResizeDisk(testContext(t), spec.ID, disk.ID, grown))
		if size := virtualSize(t, disk); size != grown {
			t.Errorf("the image %s on %s has %d bytes", disk.Format, disk.Interface, size)
		}
	}
	for _, device := range []string{"vda", "vdb", "vdc", "sda", "sdb"} {
		untilSize(t, h, spec.ID, device, grown)
	}
}

func virtualSize(t *testing.T, disk host.DiskSpec) int64 {
	t.Helper()
	output, err := exec.CommandContext(testContext(t), "qemu-img", "info", "-U", "--output=json", "-f", imageFormat(disk.Format), disk.Path).Output()
	must(t, err)
	var info struct {
		Size int64 `json:"virtual-size"`
	}
	must(t, json.Unmarshal(output, &info))
	return info.Size
}

// untilSize waits until the guest sees a device of that many bytes.
func untilSize(t *testing.T, h *hypervisor, id model.ID, device string, bytes int64) {
	t.Helper()
	ctx := testContext(t)
	wanted := fmt.Sprint(bytes / 512)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		seen, err := guestFileText(ctx, h, id, "/sys/block/"+device+"/size")
		if err == nil && strings.TrimSpace(seen) == wanted {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("the guest sees %s sectors of %s, want %s: %v", strings.TrimSpace(seen), device, wanted, err)
		}
	}
}
