package model

import "time"

// VM is a virtual machine: what was configured, what will apply after the next
// restart, and what was last observed of it. The element names and meanings
// are those of api-v3 section 2.2.
type VM struct {
	ID           ID        `json:"id"`
	CreationTime time.Time `json:"creation_time"`
	// Pool is the pool that the VM belongs to; empty for one of its own.
	Pool ID `json:"pool,omitempty"`
	VMConfig
	// Lease is the storage domain in which the VM has a lease; empty for none. It is of the
	// VM alone: snapshots, templates and clones have none of it.
	Lease ID `json:"lease,omitempty"`
	// Autostart says that the host started the guest when it started itself, before that
	// was adopted: it does so again when the VM is released.
	Autostart bool `json:"autostart,omitempty"`
	// NextRun is a configuration that waits for the VM to go down; nil if none.
	NextRun *VMConfig `json:"next_run,omitempty"`
	// Run is what is observed and remembered of the present or last run.
	Run Run `json:"run"`
}

// Ref names the VM.
func (v *VM) Ref() Ref { return Ref{KindVM, v.ID} }

// ObjectName is the VM's name.
func (v *VM) ObjectName() string { return v.Name }

// VMConfig is what an operator can set of a VM.
type VMConfig struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Comment     string `json:"comment,omitempty"`
	Type        VMType `json:"type"`
	Cluster     ID     `json:"cluster"`
	Template    ID     `json:"template"`
	Origin      string `json:"origin,omitempty"`

	// Memory is the guest's memory in bytes, a multiple of 1 MiB.
	Memory int64 `json:"memory"`
	// GuaranteedMemory is memory_policy/guaranteed in bytes.
	GuaranteedMemory int64 `json:"guaranteed_memory"`
	Ballooning       bool  `json:"ballooning"`
	CPU              CPU   `json:"cpu"`
	CPUShares        int   `json:"cpu_shares,omitempty"`

	BootMenu bool `json:"boot_menu,omitempty"`
	OS       OS   `json:"os"`

	Stateless       bool             `json:"stateless,omitempty"`
	DeleteProtected bool             `json:"delete_protected,omitempty"`
	StartPaused     bool             `json:"start_paused,omitempty"`
	HA              HighAvailability `json:"high_availability"`
	Display         Display          `json:"display"`
	// SSOMethods holds "guest_agent" or nothing.
	SSOMethods []string   `json:"sso_methods,omitempty"`
	RNG        *RNGDevice `json:"rng_device,omitempty"`
	// Console says whether the VM has a serial console.
	Console  bool   `json:"console,omitempty"`
	TimeZone string `json:"time_zone,omitempty"`
	// Domain is the Windows domain that sysprep joins.
	Domain           string `json:"domain,omitempty"`
	USB              USB    `json:"usb"`
	SoundcardEnabled bool   `json:"soundcard_enabled,omitempty"`

	TunnelMigration bool `json:"tunnel_migration,omitempty"`
	// MigrationDowntime is in milliseconds; -1 is the engine's default.
	MigrationDowntime int              `json:"migration_downtime"`
	Migration         MigrationOptions `json:"migration"`
	VirtioSCSI        bool             `json:"virtio_scsi"`
	SerialNumber      *SerialNumber    `json:"serial_number,omitempty"`
	IOThreads         int              `json:"io_threads,omitempty"`

	CustomProperties      []CustomProperty `json:"custom_properties,omitempty"`
	CustomEmulatedMachine string           `json:"custom_emulated_machine,omitempty"`
	CustomCPUModel        string           `json:"custom_cpu_model,omitempty"`

	Placement                PlacementPolicy `json:"placement"`
	UseLatestTemplateVersion bool            `json:"use_latest_template_version,omitempty"`
	NUMATuneMode             string          `json:"numa_tune_mode,omitempty"`

	// Initialization is applied at a start that asks for it.
	Initialization *Initialization `json:"initialization,omitempty"`
	Payloads       []Payload       `json:"payloads,omitempty"`

	Disks []DiskAttachment `json:"disks,omitempty"`
	NICs  []NIC            `json:"nics,omitempty"`
	// CDROM is the file of the ISO domain in the CD drive; empty is no medium.
	CDROM string `json:"cdrom,omitempty"`
	Tags  []ID   `json:"tags,omitempty"`
}

// CPU is cpu of a VM.
type CPU struct {
	Topology Topology `json:"topology"`
	// Mode is custom, host_model, host_passthrough or empty.
	Mode         CPUMode      `json:"mode,omitempty"`
	Architecture Architecture `json:"architecture,omitempty"`
	Pins         []VCPUPin    `json:"pins,omitempty"`
}

// Topology is cpu/topology; the number of CPUs is the product.
type Topology struct {
	Sockets int `json:"sockets"`
	Cores   int `json:"cores"`
	Threads int `json:"threads"`
}

// Count is the number of virtual CPUs.
func (t Topology) Count() int { return max(t.Sockets, 1) * max(t.Cores, 1) * max(t.Threads, 1) }

// VCPUPin is cpu_tune/vcpu_pin: a virtual CPU and the host's CPUs it may use,
// in libvirt's cpuset notation.
type VCPUPin struct {
	VCPU   int    `json:"vcpu"`
	CPUSet string `json:"cpu_set"`
}

// OS is os of a VM.
type OS struct {
	Type string `json:"type"`
	// Boot is the boot sequence, at most three devices, none twice.
	Boot []BootDevice `json:"boot"`
	// Kernel and Initrd are "iso://file" for a file of the ISO domain, else a
	// path on the host.
	Kernel  string `json:"kernel,omitempty"`
	Initrd  string `json:"initrd,omitempty"`
	Cmdline string `json:"cmdline,omitempty"`
}

// HighAvailability is high_availability; Priority is 0 to 100.
type HighAvailability struct {
	Enabled  bool `json:"enabled"`
	Priority int  `json:"priority"`
}

// Display is the configured part of display.
type Display struct {
	Type                DisplayType      `json:"type"`
	Monitors            int              `json:"monitors"`
	SingleQXLPCI        bool             `json:"single_qxl_pci,omitempty"`
	AllowOverride       bool             `json:"allow_override,omitempty"`
	SmartcardEnabled    bool             `json:"smartcard_enabled,omitempty"`
	KeyboardLayout      string           `json:"keyboard_layout,omitempty"`
	FileTransferEnabled bool             `json:"file_transfer_enabled"`
	CopyPasteEnabled    bool             `json:"copy_paste_enabled"`
	DisconnectAction    DisconnectAction `json:"disconnect_action"`
}

// RNGDevice is rng_device; Bytes and Period (milliseconds) of 0 are no limit.
type RNGDevice struct {
	Source string `json:"source"`
	Bytes  int    `json:"bytes,omitempty"`
	Period int    `json:"period,omitempty"`
}

// USB is usb; Type is legacy, native or empty.
type USB struct {
	Enabled bool    `json:"enabled"`
	Type    USBType `json:"type,omitempty"`
}

// SerialNumber is serial_number; Value counts for the policy custom only.
type SerialNumber struct {
	Policy SerialNumberPolicy `json:"policy"`
	Value  string             `json:"value,omitempty"`
}

// CustomProperty is one of custom_properties.
type CustomProperty struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// PlacementPolicy is placement_policy; no Hosts is any host of the cluster.
type PlacementPolicy struct {
	Affinity VMAffinity `json:"affinity"`
	Hosts    []ID       `json:"hosts,omitempty"`
}

// NIC is a network interface of a VM.
type NIC struct {
	ID      ID     `json:"id"`
	Name    string `json:"name"`
	Network ID     `json:"network,omitempty"` // empty: connected to nothing
	// Profile is one of the network's, by which it is connected; it may be empty.
	Profile   ID           `json:"profile,omitempty"`
	Interface NICInterface `json:"interface"`
	// MAC is lower-case, colons between the bytes.
	MAC     string `json:"mac"`
	Linked  bool   `json:"linked"`
	Plugged bool   `json:"plugged"`
}

// DiskAttachment joins a disk to a VM.
type DiskAttachment struct {
	Disk      ID            `json:"disk"`
	Interface DiskInterface `json:"interface"`
	Bootable  bool          `json:"bootable,omitempty"`
	// Active says whether the disk is plugged.
	Active   bool `json:"active"`
	ReadOnly bool `json:"read_only,omitempty"`
}
