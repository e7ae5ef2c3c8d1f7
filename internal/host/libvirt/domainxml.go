package libvirt

import (
	"fmt"
	"time"
	_ "time/tzdata" // guests may show the local time of a zone that the host does not know

	"libvirt.org/go/libvirtxml"

	"vireo/internal/host"
	"vireo/internal/model"
)

// defaultMachine is the machine type of guests that ask for none: libvirt
// replaces it with the newest versioned q35 when the guest is defined.
const defaultMachine = "q35"

// domainBuilder makes the definition of one guest.
type domainBuilder struct {
	spec *host.GuestSpec
	// owner is the label that QEMU runs under; empty leaves it to libvirt.
	owner string
	// cache chooses the cache mode of the image at a path.
	cache func(path string) string
	// seeds says where the spec's seeds are on the host.
	seeds seedPlace
	// password locks the display until somebody sets another one.
	password string
	machine  machine
	layout   diskLayout
	order    bootOrder
}

// build makes the definition (https://libvirt.org/formatdomain.html). What a
// guest ends by is decided here: powering itself off and a dead QEMU end it, a
// reboot keeps the same QEMU. A guest whose kernel has panicked is kept as it is,
// so that it is told apart from one whose QEMU has died, and its screen be read.
func (b *domainBuilder) build() (*libvirtxml.Domain, error) {
	spec := b.spec
	b.machine = machineOf(spec.Machine)
	b.order = planBoot(spec)
	clock, err := clockOf(spec, time.Now())
	if err != nil {
		return nil, err
	}
	domain := &libvirtxml.Domain{
		Type:     domainType(spec.Emulate),
		Name:     spec.Name,
		UUID:     string(spec.ID),
		Metadata: &libvirtxml.DomainMetadata{XML: metadataXML(spec)},
		Memory:   &libvirtxml.DomainMemory{Value: uint(spec.Memory / 1024), Unit: "KiB"},
		CurrentMemory: &libvirtxml.DomainCurrentMemory{
			Value: uint(spec.Memory / 1024), Unit: "KiB",
		},
		VCPU:       &libvirtxml.DomainVCPU{Placement: "static", Value: uint(spec.Topology.Count())},
		IOThreads:  uint(max(spec.IOThreads, 0)),
		CPUTune:    cpuTune(spec),
		SysInfo:    sysInfo(spec),
		OS:         b.os(),
		Features:   features(spec),
		CPU:        cpu(spec),
		Clock:      clock,
		OnPoweroff: "destroy",
		OnReboot:   "restart",
		OnCrash:    "preserve",
		PM: &libvirtxml.DomainPM{
			SuspendToMem:  &libvirtxml.DomainPMPolicy{Enabled: "no"},
			SuspendToDisk: &libvirtxml.DomainPMPolicy{Enabled: "no"},
		},
	}
	if domain.Devices, err = b.devices(); err != nil {
		return nil, err
	}
	if b.owner != "" {
		// Files keep the owner they have: QEMU gets a fixed user, libvirt no right
		// to hand files over (docs/decisions/image-ownership.md).
		domain.SecLabel = []libvirtxml.DomainSecLabel{
			{Type: "static", Model: "dac", Relabel: "no", Label: b.owner},
		}
	}
	return domain, nil
}

func domainType(emulate bool) string {
	if emulate {
		return "qemu"
	}
	return "kvm"
}

func (b *domainBuilder) os() *libvirtxml.DomainOS {
	spec := b.spec
	os := &libvirtxml.DomainOS{
		Type:   &libvirtxml.DomainOSType{Arch: "x86_64", Machine: b.machine.name, Type: "hvm"},
		SMBios: &libvirtxml.DomainSMBios{Mode: "sysinfo"},
		Kernel: spec.Kernel,
		Initrd: spec.Initrd,
	}
	if spec.Kernel != "" {
		os.Cmdline = spec.Cmdline
	}
	if spec.BootMenu {
		os.BootMenu = &libvirtxml.DomainBootMenu{Enable: "yes", Timeout: "10000"}
	}
	return os
}

func features(spec *host.GuestSpec) *libvirtxml.DomainFeatureList {
	list := &libvirtxml.DomainFeatureList{
		ACPI: &libvirtxml.DomainFeature{},
		APIC: &libvirtxml.DomainFeatureAPIC{},
	}
	if spec.Windows && !spec.Emulate {
		on := &libvirtxml.DomainFeatureState{State: "on"}
		list.HyperV = &libvirtxml.DomainFeatureHyperV{
			Relaxed: on, VAPIC: on,
			Spinlocks: &libvirtxml.DomainFeatureHyperVSpinlocks{DomainFeatureState: *on, Retries: 8191},
		}
	}
	return list
}

// cpu is the model of the guest's CPU: under emulation everything that QEMU can
// emulate, else what the spec asks for, else what the host has under a name
// that can be migrated.
func cpu(spec *host.GuestSpec) *libvirtxml.DomainCPU {
	cpu := &libvirtxml.DomainCPU{Topology: &libvirtxml.DomainCPUTopology{
		Sockets: max(spec.Topology.Sockets, 1),
		Cores:   max(spec.Topology.Cores, 1),
		Threads: max(spec.Topology.Threads, 1),
	}}
	switch {
	case spec.CPUModel != "":
		cpu.Mode, cpu.Match = "custom", "exact"
		cpu.Model = &libvirtxml.DomainCPUModel{Fallback: "allow", Value: spec.CPUModel}
		if spec.Emulate {
			cpu.Check = "none" // the emulator leaves out what it does not have
		}
	case spec.Emulate:
		cpu.Mode = "maximum"
	case spec.CPUMode == model.CPUModeHostPassthrough:
		cpu.Mode = "host-passthrough"
	default:
		cpu.Mode = "host-model"
	}
	return cpu
}

func cpuTune(spec *host.GuestSpec) *libvirtxml.DomainCPUTune {
	if spec.CPUShares <= 0 && len(spec.Pins) == 0 {
		return nil
	}
	tune := &libvirtxml.DomainCPUTune{}
	if spec.CPUShares > 0 {
		tune.Shares = &libvirtxml.DomainCPUTuneShares{Value: uint(spec.CPUShares)}
	}
	for _, pin := range spec.Pins {
		tune.VCPUPin = append(tune.VCPUPin, libvirtxml.DomainCPUTuneVCPUPin{VCPU: uint(pin.VCPU), CPUSet: pin.CPUSet})
	}
	return tune
}

// sysInfo is what the guest sees in its SMBIOS. libvirt insists that the UUID
// there is the guest's own.
func sysInfo(spec *host.GuestSpec) []libvirtxml.DomainSysInfo {
	serial := spec.SerialNumber
	if serial == "" {
		serial = string(spec.ID)
	}
	return []libvirtxml.DomainSysInfo{{SMBIOS: &libvirtxml.DomainSysInfoSMBIOS{
		System: &libvirtxml.DomainSysInfoSystem{Entry: []libvirtxml.DomainSysInfoEntry{
			{Name: "manufacturer", Value: "Vireo"},
			{Name: "product", Value: "Vireo Guest"},
			{Name: "serial", Value: serial},
			{Name: "uuid", Value: string(spec.ID)},
		}},
	}}}
}

// clockOf makes a clock in UTC, or one that shows the zone's local time as it is
// at the start. The driver for QEMU knows no zones, only seconds.
func clockOf(spec *host.GuestSpec, now time.Time) (*libvirtxml.DomainClock, error) {
	clock := &libvirtxml.DomainClock{Offset: "utc", Timer: []libvirtxml.DomainTimer{
		{Name: "rtc", TickPolicy: "catchup"},
		{Name: "pit", TickPolicy: "delay"},
		{Name: "hpet", Present: "no"},
	}}
	if spec.Windows && !spec.Emulate {
		clock.Timer = append(clock.Timer, libvirtxml.DomainTimer{Name: "hypervclock", Present: "yes"})
	}
	if spec.ClockZone == "" {
		return clock, nil
	}
	zone, err := time.LoadLocation(spec.ClockZone)
	if err != nil {
		return nil, refuse(host.RefusedUnsupported, "the time zone %.100q is not known", spec.ClockZone)
	}
	_, seconds := now.In(zone).Zone()
	clock.Offset, clock.Basis, clock.Adjustment = "variable", "utc", fmt.Sprint(seconds)
	return clock, nil
}
