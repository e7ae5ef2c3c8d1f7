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

// diskLayout gives names and places to drives, so that none is given twice.
type diskLayout struct {
	// used holds target names, places the units taken per bus.
	used   map[string]bool
	places map[string]map[int]bool
}

func newDiskLayout() diskLayout {
	return diskLayout{used: map[string]bool{}, places: map[string]map[int]bool{}}
}

// taken marks the drives that a guest has already.
func (l diskLayout) taken(disks []libvirtxml.DomainDisk, m machine) {
	for _, disk := range disks {
		if disk.Target == nil {
			continue
		}
		l.used[disk.Target.Dev] = true
		if disk.Address != nil && disk.Address.Drive != nil {
			l.mark(disk.Target.Bus, unitOf(disk.Target.Bus, m, disk.Address.Drive))
		}
	}
}

func (l diskLayout) mark(bus string, place int) {
	if l.places[bus] == nil {
		l.places[bus] = map[int]bool{}
	}
	l.places[bus][place] = true
}

// free is the first place of a bus that is not taken.
func (l diskLayout) free(bus string) int {
	place := 0
	for l.places[bus][place] {
		place++
	}
	return place
}

// prefixes of the names of drives by bus; several buses share "sd".
var targetPrefixes = map[string]string{"virtio": "vd", "scsi": "sd", "sata": "sd", "ide": "hd", "fdc": "fd"}

// name is the first target name of a bus from the letter on.
func (l diskLayout) name(bus string, from int) string {
	for i := from; ; i++ {
		name := targetPrefixes[bus] + letters(i)
		if !l.used[name] {
			l.used[name] = true
			return name
		}
	}
}

// letters counts a, b, … z, aa, ab, …
func letters(i int) string {
	if i < 26 {
		return string(rune('a' + i))
	}
	return letters(i/26-1) + letters(i%26)
}

// address is the place of a drive: controller, bus and unit. Virtio disks have
// PCI addresses, which libvirt gives.
func address(bus string, m machine, place int) *libvirtxml.DomainAddress {
	at := func(controller, bus, unit int) *libvirtxml.DomainAddress {
		c, b, t, u := uint(controller), uint(bus), uint(0), uint(unit)
		return &libvirtxml.DomainAddress{Drive: &libvirtxml.DomainAddressDrive{Controller: &c, Bus: &b, Target: &t, Unit: &u}}
	}
	switch bus {
	case m.bus:
		perController := m.buses * m.unitsPerBus
		return at(place/perController, place%perController/m.unitsPerBus, place%m.unitsPerBus)
	case "scsi":
		return at(0, 0, place)
	case "fdc":
		return at(0, 0, place)
	default:
		return nil
	}
}

// unitOf is the inverse of address.
func unitOf(bus string, m machine, drive *libvirtxml.DomainAddressDrive) int {
	value := func(p *uint) int {
		if p == nil {
			return 0
		}
		return int(*p)
	}
	if bus != m.bus {
		return value(drive.Unit)
	}
	return value(drive.Controller)*m.buses*m.unitsPerBus + value(drive.Bus)*m.unitsPerBus + value(drive.Unit)
}

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
	if spec.PropagateErrors {
		disk.Driver.ErrorPolicy, disk.Driver.RErrorPolicy = "report", "report"
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
		place := b.layout.free(bus)
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

// removables are the VM's own CD drive, which is always there, its floppies, and
// the drives of what was made for this run.
func (b *domainBuilder) removables() []libvirtxml.DomainDisk {
	disks := []libvirtxml.DomainDisk{b.cdrom(cdromAlias, b.spec.CDROM, b.machine.cdrom)}
	floppies := 0
	floppy := func(path string) {
		disks = append(disks, b.floppy(path, floppies))
		floppies++
	}
	for _, path := range b.spec.Floppies {
		floppy(path)
	}
	for i, seed := range b.spec.Seeds {
		path := seedPath(b.spec.ID, seed)
		if seed.Drive == host.SeedFloppy {
			floppy(path)
		} else {
			disks = append(disks, b.cdrom(fmt.Sprintf("%s-%d", cdromAlias, i+1), path, b.layout.free(b.machine.bus)))
		}
	}
	return disks
}

func (b *domainBuilder) floppy(path string, place int) libvirtxml.DomainDisk {
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
