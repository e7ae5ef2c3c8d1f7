package libvirt

import "strings"

// machine is a machine type and what follows from it for the devices.
type machine struct {
	name string
	// bus is where the CD drive and IDE disks go.
	bus string
	// unitsPerBus and buses describe a controller of that bus.
	buses, unitsPerBus int
	// cdrom is the CD drive's place, counted through all units.
	cdrom int
	sound string
}

// machineOf tells q35, which has SATA, from the older PC, which has IDE.
func machineOf(name string) machine {
	if name == "" {
		name = defaultMachine
	}
	if strings.Contains(name, "q35") {
		return machine{name: name, bus: "sata", buses: 1, unitsPerBus: 6, cdrom: 2, sound: "ich9"}
	}
	return machine{name: name, bus: "ide", buses: 2, unitsPerBus: 2, cdrom: 2, sound: "ich6"}
}

// places is how many drives a controller of the machine's bus has room for.
func (m machine) places() int { return m.buses * m.unitsPerBus }
