package libvirt

import (
	"libvirt.org/go/libvirtxml"

	"vireo/internal/host"
	"vireo/internal/model"
)

// agentChannel is the name under which the guest agent finds its channel.
const agentChannel = "org.qemu.guest_agent.0"

// memoryStatsPeriod is how often, in seconds, the guest's balloon driver reports.
const memoryStatsPeriod = 5

// lockedSince is a moment long past: a display's password that was valid until
// then lets nobody in until a ticket is set.
const lockedSince = "1970-01-01T00:00:01"

func (b *domainBuilder) devices() (*libvirtxml.DomainDeviceList, error) {
	spec := b.spec
	b.layout = newDiskLayout()
	list := &libvirtxml.DomainDeviceList{
		Controllers: b.controllers(),
		Channels:    []libvirtxml.DomainChannel{virtioChannel(agentChannel), virtioChannel(host.AgentPort)},
		MemBalloon:  balloon(spec),
		Panics:      []libvirtxml.DomainPanic{{Model: "isa"}},
	}
	var err error
	if list.Disks, err = b.drives(); err != nil {
		return nil, err
	}
	for i, wanted := range spec.NICs {
		boot := b.order.nic
		if i > 0 {
			boot = 0
		}
		list.Interfaces = append(list.Interfaces, nic(wanted, boot))
	}
	if spec.SerialConsole {
		list.Serials = []libvirtxml.DomainSerial{{Source: pty()}}
		list.Consoles = []libvirtxml.DomainConsole{{
			Source: pty(), Target: &libvirtxml.DomainConsoleTarget{Type: "serial"},
		}}
	}
	if spec.Sound {
		list.Sounds = []libvirtxml.DomainSound{{Model: b.machine.sound}}
	}
	if spec.RNG != nil {
		list.RNGs = []libvirtxml.DomainRNG{rng(spec.RNG)}
	}
	if spec.Lease != nil {
		list.Leases = []libvirtxml.DomainLease{{
			Lockspace: spec.Lease.Space, Key: spec.Lease.Key, Target: &libvirtxml.DomainLeaseTarget{Path: spec.Lease.Path},
		}}
	}
	return list, b.display(list)
}

// ioThread spreads virtio disks over the I/O threads, if there are any.
func (b *domainBuilder) ioThread(i int) *uint {
	if b.spec.IOThreads <= 0 {
		return nil
	}
	number := uint(i%b.spec.IOThreads + 1)
	return &number
}

func (b *domainBuilder) controllers() []libvirtxml.DomainController {
	zero := uint(0)
	list := []libvirtxml.DomainController{
		{Type: "usb", Index: &zero, Model: "qemu-xhci"},
		{Type: "virtio-serial", Index: &zero},
	}
	if b.wantsSCSI() {
		list = append(list, libvirtxml.DomainController{Type: "scsi", Index: &zero, Model: "virtio-scsi"})
	}
	return append(list, b.ports()...)
}

// sparePorts is how many devices can be plugged in while the guest runs.
const sparePorts = 8

// ports are where PCI devices of a q35 machine go, one each; libvirt by itself leaves room
// for a single one to be plugged in. They are as many as there are devices, or a few more.
func (b *domainBuilder) ports() []libvirtxml.DomainController {
	if b.machine.bus != "sata" {
		return nil
	}
	const own = 5 // USB, the serial ports, the balloon, SCSI and randomness
	ports := make([]libvirtxml.DomainController, own+len(b.spec.Disks)+len(b.spec.NICs)+sparePorts)
	for i := range ports {
		index := uint(i + 1)
		ports[i] = libvirtxml.DomainController{Type: "pci", Index: &index, Model: "pcie-root-port"}
	}
	return ports
}

func (b *domainBuilder) wantsSCSI() bool {
	for _, disk := range b.spec.Disks {
		if disk.Interface == model.DiskVirtioSCSI {
			return true
		}
	}
	return b.spec.VirtioSCSI
}

func pty() *libvirtxml.DomainChardevSource {
	return &libvirtxml.DomainChardevSource{Pty: &libvirtxml.DomainChardevSourcePty{}}
}

func virtioChannel(name string) libvirtxml.DomainChannel {
	return libvirtxml.DomainChannel{
		Source: &libvirtxml.DomainChardevSource{UNIX: &libvirtxml.DomainChardevSourceUNIX{Mode: "bind"}},
		Target: &libvirtxml.DomainChannelTarget{VirtIO: &libvirtxml.DomainChannelTargetVirtIO{Name: name}},
	}
}

// balloon reports the guest's memory every few seconds. libvirt adds one with
// no reports where none is described, hence "none" for a guest without.
func balloon(spec *host.GuestSpec) *libvirtxml.DomainMemBalloon {
	if !spec.Ballooning {
		return &libvirtxml.DomainMemBalloon{Model: "none"}
	}
	return &libvirtxml.DomainMemBalloon{
		Model: "virtio", Stats: &libvirtxml.DomainMemBalloonStats{Period: memoryStatsPeriod},
	}
}

// rngSources are the files of the host's randomness by their names in the API.
var rngSources = map[string]string{"random": "/dev/random", "urandom": "/dev/urandom", "hwrng": "/dev/hwrng"}

func rng(device *model.RNGDevice) libvirtxml.DomainRNG {
	file := rngSources[device.Source]
	if file == "" {
		file = rngSources["urandom"]
	}
	out := libvirtxml.DomainRNG{
		Model:   "virtio",
		Backend: &libvirtxml.DomainRNGBackend{Random: &libvirtxml.DomainRNGBackendRandom{Device: file}},
	}
	if device.Bytes > 0 {
		out.Rate = &libvirtxml.DomainRNGRate{Bytes: uint(device.Bytes), Period: uint(max(device.Period, 0))}
	}
	return out
}

// display adds the display with its video card and a pointer that knows where it
// is. A guest without a display has no video card either.
func (b *domainBuilder) display(list *libvirtxml.DomainDeviceList) error {
	spec := b.spec
	if spec.Display == "" {
		return nil
	}
	graphics, err := b.graphics()
	if err != nil {
		return err
	}
	list.Graphics = []libvirtxml.DomainGraphic{graphics}
	list.Inputs = []libvirtxml.DomainInput{{Type: "tablet", Bus: "usb"}}
	if spec.Display == model.DisplayVNC {
		list.Videos = []libvirtxml.DomainVideo{{Model: libvirtxml.DomainVideoModel{Type: "vga", VRam: 16384, Heads: 1}}}
		return nil
	}
	heads := uint(max(spec.Monitors, 1))
	list.Videos = []libvirtxml.DomainVideo{{Model: libvirtxml.DomainVideoModel{
		Type: "qxl", Heads: heads, Ram: 65536 * heads, VRam: 32768 * heads, VGAMem: 16384 * heads,
	}}}
	vdagent := virtioChannel("com.redhat.spice.0")
	vdagent.Source = &libvirtxml.DomainChardevSource{SpiceVMC: &libvirtxml.DomainChardevSourceSpiceVMC{}}
	list.Channels = append(list.Channels, vdagent)
	if spec.USB {
		for range 2 {
			list.RedirDevs = append(list.RedirDevs, libvirtxml.DomainRedirDev{
				Bus: "usb", Source: &libvirtxml.DomainChardevSource{SpiceVMC: &libvirtxml.DomainChardevSourceSpiceVMC{}},
			})
		}
	}
	return nil
}

// graphics is the display itself, at a port that libvirt chooses.
func (b *domainBuilder) graphics() (libvirtxml.DomainGraphic, error) {
	address := b.spec.DisplayAddress
	if address == "" {
		address = "127.0.0.1"
	}
	listen := []libvirtxml.DomainGraphicListener{
		{Address: &libvirtxml.DomainGraphicListenerAddress{Address: address}},
	}
	switch b.spec.Display {
	case model.DisplayVNC:
		return libvirtxml.DomainGraphic{VNC: &libvirtxml.DomainGraphicVNC{
			Port: -1, AutoPort: "yes", Keymap: b.spec.KeyboardLayout, Listeners: listen,
			Passwd: b.password, PasswdValidTo: lockedSince,
		}}, nil
	case model.DisplaySPICE:
		return libvirtxml.DomainGraphic{Spice: &libvirtxml.DomainGraphicSpice{
			Port: -1, AutoPort: "yes", Listeners: listen,
			Passwd: b.password, PasswdValidTo: lockedSince,
		}}, nil
	default:
		return libvirtxml.DomainGraphic{}, refuse(host.RefusedUnsupported, "a display of type %.40q is not known", string(b.spec.Display))
	}
}
