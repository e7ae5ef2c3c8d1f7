package libvirt

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"vireo/internal/host"
	"vireo/internal/model"
)

// TestAllHardwareStarts starts guests with everything that a spec can ask for, on
// both kinds of machine, and plugs and unplugs disks of each bus that can.
func TestAllHardwareStarts(t *testing.T) {
	h := connect(t)
	facts, err := h.Facts(testContext(t))
	must(t, err)
	for _, machine := range []string{"q35", "pc"} {
		t.Run(machine, func(t *testing.T) {
			spec := fullSpec(t, h, machine)
			if machine == "pc" && slices.Contains(facts.Displays, model.DisplaySPICE) {
				spec.Display = model.DisplaySPICE
			}
			boot(t, h, spec)
			untilAgent(t, h, spec.ID)
			readsDevice(t, h, spec.ID, "/dev/sr1", "a CD on "+machine)
			readsDevice(t, h, spec.ID, "/dev/fd1", "a floppy on "+machine)
			sample := samplesByID(t, h)[spec.ID]
			if len(sample.Disks) != len(spec.Disks) {
				t.Errorf("it has the disks %+v", sample.Disks)
			}
			for _, bus := range []model.DiskInterface{model.DiskVirtio, model.DiskVirtioSCSI} {
				disk := newDisk(t, h, model.DiskRaw)
				disk.Interface = bus
				must(t, h.PlugDisk(testContext(t), spec.ID, disk))
				must(t, h.UnplugDisk(testContext(t), spec.ID, disk.ID))
			}
			disk := newDisk(t, h, model.DiskRaw)
			disk.Interface = model.DiskIDE
			refusal(t, h.PlugDisk(testContext(t), spec.ID, disk), host.RefusedUnsupported)
		})
	}
}

func fullSpec(t *testing.T, h *hypervisor, machine string) *host.GuestSpec {
	t.Helper()
	spec := linuxSpec(t, h)
	spec.Kernel, spec.Initrd = guestFile(t, "vmlinuz-guest-hardware"), guestFile(t, "initrd-guest-hardware.img")
	spec.Machine, spec.Memory = machine, 256<<20
	spec.Topology = model.Topology{Sockets: 1, Cores: 2, Threads: 1}
	spec.BootMenu, spec.Sound, spec.USB, spec.VirtioSCSI, spec.IOThreads = true, true, true, true, 1
	spec.RNG = &model.RNGDevice{Source: "urandom", Bytes: 1024, Period: 1000}
	spec.ClockZone, spec.SerialNumber, spec.KeyboardLayout = "Asia/Kolkata", "SN-1", "de"
	spec.Pins = []model.VCPUPin{{VCPU: 0, CPUSet: "0"}}
	for _, bus := range []model.DiskInterface{model.DiskVirtio, model.DiskVirtioSCSI, model.DiskIDE} {
		disk := newDisk(t, h, model.DiskCOW)
		disk.Interface = bus
		spec.Disks = append(spec.Disks, disk)
	}
	spec.CDROM = guestFile(t, "vireo-guest.iso")
	floppy := filepath.Join(imageFolder(t), "floppy")
	must(t, os.WriteFile(floppy, make([]byte, 1440<<10), 0o644))
	spec.Floppies = []string{floppy}
	spec.Seeds = []host.Seed{
		seed("config", host.SeedCDROM, "a CD on "+machine), seed("sysprep", host.SeedFloppy, "a floppy on "+machine),
	}
	for i, kind := range []model.NICInterface{model.NICVirtio, model.NICE1000, model.NICRTL8139, model.NICRTL8139Virtio} {
		id := model.NewID()
		spec.NICs = append(spec.NICs, host.NICSpec{ID: id, MAC: newMAC(id), Model: kind, User: i > 0, Linked: true})
	}
	return spec
}

// TestBootFromTheCD boots the small guest by the boot sequence and not by a
// kernel of its own, and finds the medium in its drive.
func TestBootFromTheCD(t *testing.T) {
	h := connect(t)
	spec := plainSpec(t, h)
	spec.Boot = []model.BootDevice{model.BootHardDisk, model.BootCDROM}
	spec.Disks = []host.DiskSpec{newDisk(t, h, model.DiskCOW)}
	spec.CDROM = guestFile(t, "vireo-guest.iso")
	if guest := boot(t, h, spec); guest.CDROM != spec.CDROM {
		t.Errorf("the drive holds %q", guest.CDROM)
	}
	untilAgent(t, h, spec.ID)
}

// TestFacts reads what this machine is.
func TestFacts(t *testing.T) {
	h := connect(t)
	facts, err := h.Facts(testContext(t))
	must(t, err)
	name, err := os.Hostname()
	must(t, err)
	if facts.Hostname != name || facts.UUID == "" || facts.CPUModel == "" || facts.KernelVersion == "" || facts.OSVersion == "" ||
		facts.LibvirtVersion == "" || facts.QEMUVersion == "" || facts.Session || !slices.Contains(facts.Networks, "default") ||
		!slices.Contains(facts.Displays, model.DisplayVNC) || len(facts.MachineTypes) == 0 || facts.AccelerationDetail == "" {
		t.Errorf("the facts are %+v", facts)
	}
	// Its data may come before the answer to the call, one time in a few.
	for range 30 {
		if _, err := h.readThroughPool(testContext(t), bootIDFile); err != nil {
			t.Fatal(err)
		}
	}
	through, err := h.readThroughPool(testContext(t), bootIDFile)
	must(t, err)
	direct, err := os.ReadFile(bootIDFile)
	must(t, err)
	if string(through) != string(direct) {
		t.Errorf("through a pool the boot id is %q, directly %q", through, direct)
	}
}
