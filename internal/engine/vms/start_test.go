package vms_test

import (
	"strings"
	"testing"

	"vireo/internal/engine/sitetest"
	"vireo/internal/fault"
	"vireo/internal/model"
)

// TestStartRefused holds the refusals of values and devices; those of what the
// guest is given are in initialize_test.go, sysprep_test.go and payloads_test.go.
func TestStartRefused(t *testing.T) {
	allRefused(t, map[string]refusal{
		"an unknown custom property": {
			once(func(o *model.RunOnce) { o.CustomProperties = &[]model.CustomProperty{{Name: "hugepages", Value: "1"}} }),
			fault.BadRequest, fault.UnknownProperty, `Cannot run VM. The custom property "hugepages" is not known.`,
		},
		"a custom property with a bad value": {
			once(func(o *model.RunOnce) {
				o.CustomProperties = &[]model.CustomProperty{{Name: "sap_agent", Value: "maybe"}}
			}),
			fault.BadRequest, fault.Invalid, `Cannot run VM. The value of the custom property "sap_agent" is not allowed.`,
		},
		"too many CPU shares": {
			once(func(o *model.RunOnce) { o.CPUShares = new(262145) }),
			fault.BadRequest, fault.Invalid, "Cannot run VM. The CPU shares must be between 0 and 262144.",
		},
		"a device twice": {
			once(func(o *model.RunOnce) { o.Boot = []model.BootDevice{model.BootCDROM, model.BootCDROM} }),
			fault.BadRequest, fault.Invalid, "Cannot run VM. The boot sequence names cdrom twice.",
		},
		"kernel parameters without a kernel": {
			once(func(o *model.RunOnce) { o.Kernel, o.Initrd, o.Cmdline = new(""), new(""), new("quiet") }),
			fault.BadRequest, fault.Invalid, "Cannot run VM. An initrd or kernel parameters need a kernel.",
		},
		"an initrd without a kernel": {
			once(func(o *model.RunOnce) { o.Kernel = new("") }),
			fault.BadRequest, fault.Invalid, "Cannot run VM. An initrd or kernel parameters need a kernel.",
		},
		"a kernel that is nowhere": {
			once(func(o *model.RunOnce) { o.Kernel = new("boot/kernel") }),
			fault.BadRequest, fault.Invalid, `Cannot run VM. The kernel or initrd "boot/kernel" is neither iso://file nor an absolute path.`,
		},
		"an initrd without a name": {
			once(func(o *model.RunOnce) { o.Initrd = new("iso://") }),
			fault.BadRequest, fault.Invalid, `Cannot run VM. The kernel or initrd "iso://" is neither iso://file nor an absolute path.`,
		},
		"control characters": {
			once(func(o *model.RunOnce) { o.Cmdline = new("quiet\x00") }),
			fault.BadRequest, fault.Invalid, "Cannot run VM. The cmdline holds control characters.",
		},
		"too long a text": {
			once(func(o *model.RunOnce) { o.Cmdline = new(strings.Repeat("a", 2001)) }),
			fault.BadRequest, fault.Invalid, "Cannot run VM. The cmdline may have at most 2000 bytes.",
		},
		"a machine type of two words": {
			once(func(o *model.RunOnce) { o.EmulatedMachine = new("pc q35") }),
			fault.BadRequest, fault.Invalid, "Cannot run VM. Machine types and CPU models are single words.",
		},
		"a CPU model of two words": {
			once(func(o *model.RunOnce) { o.CPUModel = new("Intel Inside") }),
			fault.BadRequest, fault.Invalid, "Cannot run VM. Machine types and CPU models are single words.",
		},
		"no keyboard layout": {
			once(func(o *model.RunOnce) { o.KeyboardLayout = new("German") }),
			fault.BadRequest, fault.Invalid, "Cannot run VM. The keyboard layout is not a word such as en-us.",
		},
		"the disk, and there is none": {
			func(w *wish) { w.noKernel(); w.edit(func(vm *model.VM) { vm.Disks = nil }) },
			fault.Conflict, fault.NoDisk, "Cannot run VM. The boot sequence starts with the hard disk, and the VM has none.",
		},
		"the disk, and none is active": {
			func(w *wish) { w.noKernel(); w.edit(func(vm *model.VM) { vm.Disks[0].Active = false }) },
			fault.Conflict, fault.NoPluggedDisk, "Cannot run VM. The boot sequence starts with the hard disk, and no disk of the VM is active.",
		},
		"the CD, and there is no ISO domain": {
			func(w *wish) {
				w.noKernel()
				w.editDomain(sitetest.ISODomain, model.StorageDomainMaintenance)
				w.params.Once.Boot = []model.BootDevice{model.BootCDROM}
			},
			fault.Conflict, fault.NoISODomain, "Cannot run VM. The boot sequence starts with the CD, and the data center has no active ISO domain.",
		},
		"the network, and there is no NIC": {
			func(w *wish) {
				w.noKernel()
				w.params.Once.Boot = []model.BootDevice{model.BootNetwork, model.BootHardDisk}
			},
			fault.Conflict, fault.NoNetwork, "Cannot run VM. The boot sequence starts with the network, and the VM has no network interface.",
		},
		"a CD that is not there": {
			once(func(o *model.RunOnce) { o.CDROM = new("missing.iso") }),
			fault.BadRequest, fault.NoISOFile, `Cannot run VM. Invalid ISO image path: the ISO domain has no file "missing.iso".`,
		},
		"a CD outside of the domain": {
			once(func(o *model.RunOnce) { o.CDROM = new("../../../vireo.db") }),
			fault.BadRequest, fault.NoISOFile, `Cannot run VM. Invalid ISO image path: the ISO domain has no file "../../../vireo.db".`,
		},
		"a CD of the VM that is gone, at a plain start": {
			func(w *wish) { w.params = nil; w.edit(func(vm *model.VM) { vm.CDROM = "gone.iso" }) },
			fault.BadRequest, fault.NoISOFile, `Cannot run VM. Invalid ISO image path: the ISO domain has no file "gone.iso".`,
		},
		"a CD, and there is no ISO domain": {
			func(w *wish) {
				w.editDomain(sitetest.ISODomain, model.StorageDomainInactive)
				w.params.Once.CDROM = new("tool.iso")
			},
			fault.BadRequest, fault.NoISOFile, `Cannot run VM. Invalid ISO image path: the ISO domain has no file "tool.iso".`,
		},
		"a kernel that is not there": {
			once(func(o *model.RunOnce) { o.Kernel = new("iso://vmlinuz") }),
			fault.BadRequest, fault.NoISOFile, `Cannot run VM. Invalid ISO image path: the ISO domain has no file "vmlinuz".`,
		},
		"an initrd that is not there": {
			once(func(o *model.RunOnce) { o.Initrd = new("iso://initrd.gz") }),
			fault.BadRequest, fault.NoISOFile, `Cannot run VM. Invalid ISO image path: the ISO domain has no file "initrd.gz".`,
		},
		"a floppy that is not there": {
			once(func(o *model.RunOnce) { o.Floppy = "missing.vfd" }),
			fault.BadRequest, fault.NoFloppyFile, `Cannot run VM. Invalid Floppy image path: the ISO domain has no file "missing.vfd".`,
		},
		"a floppy outside of the domain": {
			once(func(o *model.RunOnce) { o.Floppy = "../tool.iso" }),
			fault.BadRequest, fault.NoFloppyFile, `Cannot run VM. Invalid Floppy image path: the ISO domain has no file "../tool.iso".`,
		},
		"a disk that is locked": {
			func(w *wish) { w.editDisk(func(disk *model.Disk) { disk.Status = model.DiskLocked }) },
			fault.Conflict, fault.DisksLocked, "Cannot run VM: The following disks are locked: disk. Please try again in a few minutes.",
		},
		"a disk that is illegal": {
			func(w *wish) { w.editDisk(func(disk *model.Disk) { disk.Status = model.DiskIllegal }) },
			fault.Internal, fault.DisksIllegal,
			"Cannot run VM. The following attached disks are in ILLEGAL status: disk - please remove them and try again.",
		},
		"a disk on a domain that is not there now": {
			func(w *wish) { w.editDomain(sitetest.DataDomain, model.StorageDomainInactive) },
			fault.Conflict, fault.DomainStatusIllegal, "Cannot run VM. The relevant Storage Domain's status is inactive.",
		},
		"a disk on a domain that is gone": {
			func(w *wish) { w.editDisk(func(disk *model.Disk) { disk.StorageDomain = "nowhere" }) },
			fault.BadRequest, fault.DomainNotFound, "Cannot run VM. Storage Domain doesn't exist.",
		},
	})
}
