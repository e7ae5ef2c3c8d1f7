package libvirt

import "libvirt.org/go/libvirtxml"

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

// free is the first place of a bus that is not taken, from one on.
func (l diskLayout) free(bus string, from int) int {
	place := from
	for l.places[bus][place] {
		place++
	}
	return place
}

// overfull says that places are taken which the machine does not have. It gets
// as many SATA controllers as it needs, and has one IDE controller.
func (l diskLayout) overfull(m machine) bool {
	for place := range l.places["ide"] {
		if place >= m.places() {
			return true
		}
	}
	return false
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
		return at(place/m.places(), place%m.places()/m.unitsPerBus, place%m.unitsPerBus)
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
	return value(drive.Controller)*m.places() + value(drive.Bus)*m.unitsPerBus + value(drive.Unit)
}
