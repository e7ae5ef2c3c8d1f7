package libvirt

import (
	"fmt"

	"libvirt.org/go/libvirtxml"

	"vireo/internal/host"
	"vireo/internal/model"
)

// Aliases are names that we give to devices; libvirt keeps those with this
// prefix, and every event and statistic can be traced back to the device.
const (
	aliasPrefix  = "ua-"
	cdromAlias   = aliasPrefix + "cdrom"
	serialLength = 20
)

func diskAlias(id model.ID) string { return aliasPrefix + string(id) }

// busOf is the bus of a disk interface on a machine.
func busOf(kind model.DiskInterface, m machine) string {
	switch kind {
	case model.DiskVirtioSCSI:
		return "scsi"
	case model.DiskIDE:
		return m.bus
	default:
		return "virtio"
	}
}

// disk describes one disk of the guest.
func (b *domainBuilder) disk(spec host.DiskSpec, boot uint, iothread *uint) libvirtxml.DomainDisk {
	bus := busOf(spec.Interface, b.machine)
	disk := libvirtxml.DomainDisk{
		Device: "disk",
		Driver: &libvirtxml.DomainDiskDriver{
			Name: "qemu", Type: imageFormat(spec.Format), Cache: b.cache(spec.Path),
			ErrorPolicy: "stop", RErrorPolicy: "stop", Discard: "unmap",
		},
		Source: fileSource(spec.Path),
		Target: &libvirtxml.DomainDiskTarget{Dev: b.layout.name(bus, 0), Bus: bus},
		Serial: string(spec.ID[:min(serialLength, len(spec.ID))]),
		Alias:  &libvirtxml.DomainAlias{Name: diskAlias(spec.ID)},
	}
	switch {
	case spec.PropagateErrors:
		disk.Driver.ErrorPolicy, disk.Driver.RErrorPolicy = "report", "report"
	case b.spec.Lease != nil:
		// A guest that is paused gives its lease up, while what it has sent to storage that
		// does not answer may still be written. Full storage answers.
		disk.Driver.ErrorPolicy, disk.Driver.RErrorPolicy = "enospace", "report"
	}
	if spec.ReadOnly {
		disk.ReadOnly = &libvirtxml.DomainDiskReadOnly{}
	}
	if spec.Shareable {
		disk.Shareable = &libvirtxml.DomainDiskShareable{}
	}
	if boot > 0 {
		disk.Boot = &libvirtxml.DomainDeviceBoot{Order: boot}
	}
	if bus == "virtio" {
		disk.Driver.IOThread = iothread
	} else {
		place := b.layout.free(bus, 0)
		b.layout.mark(bus, place)
		disk.Address = address(bus, b.machine, place)
	}
	return disk
}

// imageFormat is QEMU's name of a format. It is always said and never probed: a
// guest could write the header of another format into a raw image.
func imageFormat(format model.DiskFormat) string {
	if format == model.DiskCOW {
		return "qcow2"
	}
	return "raw"
}

func fileSource(path string) *libvirtxml.DomainDiskSource {
	return &libvirtxml.DomainDiskSource{File: &libvirtxml.DomainDiskSourceFile{File: path}}
}

// drives are all drives of the guest. Seeds come last, so that they take no place
// that a disk of the VM has when it runs without them.
func (b *domainBuilder) drives() ([]libvirtxml.DomainDisk, error) {
	drives := []libvirtxml.DomainDisk{b.cdrom(cdromAlias, b.spec.CDROM, b.machine.cdrom)}
	for _, path := range b.spec.Floppies {
		drives = append(drives, b.floppy(path))
	}
	for i, disk := range b.spec.Disks {
		drives = append(drives, b.disk(disk, b.order.disks[disk.ID], b.ioThread(i)))
	}
	for _, seed := range b.spec.Seeds {
		drives = append(drives, b.seed(seed))
	}
	if b.layout.overfull(b.machine) {
		return nil, refuse(host.RefusedUnsupported,
			"a guest of the type %s has places for %d IDE disks and CDs, one of them its CD drive's, and more are asked for",
			b.machine.name, b.machine.places())
	}
	return drives, nil
}

// seed is the drive of a seed: a floppy drive, or a CD drive behind the VM's own
// where there is room.
func (b *domainBuilder) seed(seed host.Seed) libvirtxml.DomainDisk {
	path := b.seeds.path(seed)
	if seed.Drive == host.SeedFloppy {
		return b.floppy(path)
	}
	place := b.layout.free(b.machine.bus, b.machine.cdrom)
	if b.machine.bus == "ide" && place >= b.machine.places() {
		place = b.layout.free(b.machine.bus, 0)
	}
	return b.cdrom(cdromAlias+"-"+seed.Name, path, place)
}

func (b *domainBuilder) floppy(path string) libvirtxml.DomainDisk {
	place := b.layout.free("fdc", 0)
	b.layout.mark("fdc", place)
	return libvirtxml.DomainDisk{
		Device:   "floppy",
		Driver:   &libvirtxml.DomainDiskDriver{Name: "qemu", Type: "raw"},
		Source:   fileSource(path),
		Target:   &libvirtxml.DomainDiskTarget{Dev: b.layout.name("fdc", 0), Bus: "fdc"},
		ReadOnly: &libvirtxml.DomainDiskReadOnly{},
		Alias:    &libvirtxml.DomainAlias{Name: fmt.Sprintf("%sfloppy-%d", aliasPrefix, place)},
		Address:  address("fdc", b.machine, place),
	}
}

func (b *domainBuilder) cdrom(alias, path string, place int) libvirtxml.DomainDisk {
	bus := b.machine.bus
	b.layout.mark(bus, place)
	disk := libvirtxml.DomainDisk{
		Device: "cdrom",
		Driver: &libvirtxml.DomainDiskDriver{
			Name: "qemu", Type: "raw", ErrorPolicy: "report", RErrorPolicy: "report",
		},
		Target:   &libvirtxml.DomainDiskTarget{Dev: b.layout.name(bus, place), Bus: bus},
		ReadOnly: &libvirtxml.DomainDiskReadOnly{},
		Alias:    &libvirtxml.DomainAlias{Name: alias},
		Address:  address(bus, b.machine, place),
	}
	if path != "" {
		disk.Source = fileSource(path)
	}
	if alias == cdromAlias && b.order.cdrom > 0 {
		disk.Boot = &libvirtxml.DomainDeviceBoot{Order: b.order.cdrom}
	}
	return disk
}
