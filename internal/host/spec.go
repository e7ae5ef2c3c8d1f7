package host

import "vireo/internal/model"

// GuestSpec is everything a driver needs to start a guest. Paths are absolute
// on the host and have been checked by the engine.
type GuestSpec struct {
	ID   model.ID
	Name string
	// Engine, Epoch and Given go into the guest's metadata.
	Engine model.ID
	Epoch  uint64
	Given  model.Given
	// Paused leaves the CPUs stopped after the start.
	Paused bool
	// Autostart says that the host starts the guest when it starts itself: Foreign tells
	// it of others' guests, and Release sees to it. Vireo's own are not.
	Autostart bool
	// Emulate runs the guest without KVM.
	Emulate bool

	// Memory is in bytes.
	Memory   int64
	Topology model.Topology
	CPUMode  model.CPUMode
	// CPUModel is a libvirt CPU model name or empty.
	CPUModel  string
	CPUShares int
	Pins      []model.VCPUPin
	IOThreads int
	// Machine is a machine type, or empty for the driver's choice.
	Machine string

	// Boot is the boot sequence; BootMenu shows QEMU's menu.
	Boot     []model.BootDevice
	BootMenu bool
	// Kernel and Initrd are paths; with a Kernel the boot sequence is not used.
	Kernel, Initrd, Cmdline string

	// Display is the type of the display, empty for none; KeyboardLayout is VNC's.
	Display        model.DisplayType
	KeyboardLayout string
	// DisplayAddress is the address to listen on; empty is the loopback.
	DisplayAddress string
	Monitors       int
	// SerialConsole adds one.
	SerialConsole bool
	Sound         bool
	USB           bool
	Ballooning    bool
	VirtioSCSI    bool
	RNG           *model.RNGDevice
	// SerialNumber is the one the guest sees in its SMBIOS; empty is the VM's id.
	SerialNumber string
	// ClockOffset is the zone whose local time the guest's clock shows; empty is UTC.
	ClockZone string
	Windows   bool

	Disks []DiskSpec
	// CDROM is the path of the medium; empty is an empty drive.
	CDROM string
	// Floppies are images beside the VM's own drive.
	Floppies []string
	// Seeds are images made for this run, in drives of their own behind the
	// VM's: the host keeps them while it knows the guest. CheckSeeds says what
	// every driver accepts.
	Seeds []Seed
	NICs  []NICSpec
	// Lease is what the guest holds while its CPUs run; nil for none. Losing it ends the
	// guest. A host whose lease manager is none ignores it.
	Lease *LeaseSpec
}

// LeaseSpec says where the lease of a guest is.
type LeaseSpec struct {
	// Space is the name of its lockspace, Key its own in it, Path its file.
	Space, Key, Path string
}

// DiskSpec is one disk of a guest.
type DiskSpec struct {
	ID     model.ID
	Path   string
	Format model.DiskFormat
	// Interface is the bus.
	Interface model.DiskInterface
	ReadOnly  bool
	Shareable bool
	Bootable  bool
	// PropagateErrors reports I/O errors to the guest; otherwise it is paused.
	PropagateErrors bool
}

// NICSpec is one network interface of a guest.
type NICSpec struct {
	ID    model.ID
	MAC   string
	Model model.NICInterface
	// Network is the libvirt network that it is connected to, or Bridge the Linux
	// bridge; both empty for none. User asks for user-mode networking instead.
	Network string
	Bridge  string
	User    bool
	Linked  bool
	// MTU is in bytes: of the host's side and, for virtio, what the guest is told. 0
	// leaves it to the network; user-mode networking has none.
	MTU int
}
