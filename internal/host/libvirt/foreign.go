package libvirt

import (
	"fmt"
	"strings"

	"libvirt.org/go/libvirtxml"

	"vireo/internal/host"
	"vireo/internal/model"
)

// readForeign makes a spec of the definition of a guest that somebody else has made. why
// says, in a sentence, what it has that a VM cannot have.
func readForeign(definition *libvirtxml.Domain) (spec *host.GuestSpec, why string) {
	if definition.OS == nil || definition.OS.Type == nil || definition.OS.Type.Type != "hvm" || definition.OS.Type.Arch != "x86_64" {
		return nil, "It is no virtual machine of the architecture x86_64."
	}
	spec = &host.GuestSpec{
		ID: model.ID(definition.UUID), Name: definition.Name, Machine: definition.OS.Type.Machine,
		Kernel: definition.OS.Kernel, Initrd: definition.OS.Initrd, Cmdline: definition.OS.Cmdline,
		Boot: []model.BootDevice{model.BootHardDisk},
	}
	found := describe(definition)
	spec.Memory = found.Memory
	if memory := definition.Memory; memory != nil {
		spec.Memory = bytesOf(uint64(memory.Value), memory.Unit)
	}
	spec.Display = found.DisplayType
	readForeignCPU(spec, definition)
	if definition.OS.Loader != nil || definition.OS.Firmware != "" {
		return nil, "It starts by firmware of its own (UEFI), and VMs have a BIOS."
	}
	devices := definition.Devices
	if devices == nil {
		return spec, ""
	}
	for _, odd := range []struct {
		is   bool
		what string
	}{
		{len(devices.Hostdevs) > 0, "devices of its host"},
		{len(devices.Filesystems) > 0, "directories of its host"},
		{len(devices.TPMs) > 0, "a TPM"},
		{len(devices.Shmems) > 0, "shared memory"},
		{len(devices.Memorydevs) > 0, "memory modules"},
		{devices.NVRAM != nil, "an NVRAM"},
		{devices.VSock != nil, "a VSOCK"},
		{definition.LaunchSecurity != nil, "encrypted memory"},
	} {
		if odd.is {
			return nil, fmt.Sprintf("It has %s, which VMs do not have.", odd.what)
		}
	}
	for i := range devices.Disks {
		if why := addForeignDisk(spec, &devices.Disks[i]); why != "" {
			return nil, why
		}
	}
	for i := range devices.Interfaces {
		nic, why := foreignNIC(&devices.Interfaces[i])
		if why != "" {
			return nil, why
		}
		spec.NICs = append(spec.NICs, nic)
	}
	for _, controller := range devices.Controllers {
		spec.VirtioSCSI = spec.VirtioSCSI || controller.Type == "scsi" && controller.Model == "virtio-scsi"
	}
	spec.SerialConsole = len(devices.Serials)+len(devices.Consoles) > 0
	spec.Sound, spec.Ballooning = len(devices.Sounds) > 0, devices.MemBalloon != nil && devices.MemBalloon.Model == "virtio"
	return spec, ""
}

func readForeignCPU(spec *host.GuestSpec, definition *libvirtxml.Domain) {
	spec.Topology = model.Topology{Sockets: 1, Cores: 1, Threads: 1}
	if vcpu := definition.VCPU; vcpu != nil {
		spec.Topology.Sockets = int(max(vcpu.Value, 1))
	}
	cpu := definition.CPU
	if cpu == nil {
		return
	}
	if topology := cpu.Topology; topology != nil && topology.Dies <= 1 {
		spec.Topology = model.Topology{Sockets: topology.Sockets, Cores: topology.Cores, Threads: topology.Threads}
	}
	switch cpu.Mode {
	case "host-passthrough":
		spec.CPUMode = model.CPUModeHostPassthrough
	case "host-model":
		spec.CPUMode = model.CPUModeHostModel
	case "custom", "":
		if cpu.Model != nil {
			spec.CPUModel = cpu.Model.Value
		}
	}
}

// foreignBuses are the buses of disks that VMs have.
var foreignBuses = map[string]model.DiskInterface{
	"virtio": model.DiskVirtio, "scsi": model.DiskVirtioSCSI, "ide": model.DiskIDE, "sata": model.DiskIDE,
}

// addForeignDisk adds a disk, or the medium of the first CD drive.
func addForeignDisk(spec *host.GuestSpec, disk *libvirtxml.DomainDisk) (why string) {
	name := "a drive"
	if disk.Target != nil {
		name = disk.Target.Dev
	}
	path := sourcePath(disk)
	if disk.Device == "cdrom" || disk.Device == "floppy" {
		switch {
		case isEmpty(disk.Source):
		case disk.Device == "floppy" || spec.CDROM != "" || path == "":
			return fmt.Sprintf("Its drive %s has a medium that is not in its first CD drive.", name)
		}
		if path != "" {
			spec.CDROM = path
		}
		return ""
	}
	bus := ""
	if disk.Target != nil {
		bus = disk.Target.Bus
	}
	kind, known := foreignBuses[bus]
	format := map[string]model.DiskFormat{"qcow2": model.DiskCOW, "raw": model.DiskRaw}[driverType(disk)]
	switch {
	case disk.Device != "disk" && disk.Device != "":
		return fmt.Sprintf("Its disk %s is a %s.", name, disk.Device)
	case path == "":
		return fmt.Sprintf("Its disk %s is not a file.", name)
	case !known:
		return fmt.Sprintf("Its disk %s is on the bus %s, which disks of VMs are not on.", name, bus)
	case format == "":
		return fmt.Sprintf("Its disk %s is of the format %q; disks of VMs are qcow2 or raw.", name, driverType(disk))
	case disk.BackingStore != nil && !isEmpty(disk.BackingStore.Source):
		return fmt.Sprintf("Its disk %s stands on another image: merge them first (virsh blockpull).", name)
	case disk.Encryption != nil || disk.Source.Encryption != nil:
		return fmt.Sprintf("Its disk %s is encrypted.", name)
	case disk.Mirror != nil:
		return fmt.Sprintf("Its disk %s is being copied.", name)
	case disk.Shareable != nil:
		return fmt.Sprintf("Its disk %s is shared with other guests.", name)
	}
	spec.Disks = append(spec.Disks, host.DiskSpec{
		Path: path, Format: format, Interface: kind, ReadOnly: disk.ReadOnly != nil, Bootable: len(spec.Disks) == 0,
	})
	return ""
}

// isEmpty says whether a drive has no medium.
func isEmpty(source *libvirtxml.DomainDiskSource) bool {
	return source == nil || (source.File == nil || source.File.File == "") && source.Block == nil && source.Network == nil &&
		source.Volume == nil && source.Dir == nil && source.NVME == nil
}

func driverType(disk *libvirtxml.DomainDisk) string {
	if disk.Driver == nil {
		return ""
	}
	return disk.Driver.Type
}

// foreignNICs are the models of interfaces that VMs have.
var foreignNICs = map[string]model.NICInterface{
	"virtio": model.NICVirtio, "e1000": model.NICE1000, "rtl8139": model.NICRTL8139,
}

func foreignNIC(nic *libvirtxml.DomainInterface) (spec host.NICSpec, why string) {
	address := "without an address"
	if nic.MAC != nil {
		address = strings.ToLower(nic.MAC.Address)
	}
	spec.MAC, spec.Linked = address, nic.Link == nil || nic.Link.State != "down"
	known := false
	if nic.Model != nil {
		spec.Model, known = foreignNICs[nic.Model.Type]
	}
	if !known {
		return spec, fmt.Sprintf("Its network interface %s is of a model that VMs do not have.", address)
	}
	switch {
	case nic.Source != nil && nic.Source.Network != nil:
		spec.Network = nic.Source.Network.Network
	case nic.Source != nil && nic.Source.Bridge != nil:
		spec.Bridge = nic.Source.Bridge.Bridge
	case nic.Source != nil && nic.Source.User != nil:
		spec.User = true
	default:
		return spec, fmt.Sprintf("Its network interface %s is connected neither to a bridge nor to a network of libvirt.", address)
	}
	return spec, ""
}
