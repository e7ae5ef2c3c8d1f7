package v3

// CPU is cpu of a VM, a host or a cluster.
type CPU struct {
	ID           *string   `wire:"id,attr"`
	Topology     *Topology `wire:"topology"`
	Level        *int      `wire:"level"`
	Name         *string   `wire:"name"`
	Speed        *float64  `wire:"speed"`
	Tune         *CPUTune  `wire:"cpu_tune"`
	Mode         *string   `wire:"mode"`
	Architecture *string   `wire:"architecture"`
}

// Topology is cpu/topology.
type Topology struct {
	Sockets *int `wire:"sockets,attr"`
	Cores   *int `wire:"cores,attr"`
	Threads *int `wire:"threads,attr"`
}

// CPUTune is cpu/cpu_tune.
type CPUTune struct {
	VCPUPin []VCPUPin `wire:"vcpu_pin"`
}

// VCPUPin is cpu/cpu_tune/vcpu_pin.
type VCPUPin struct {
	VCPU   int    `wire:"vcpu,attr,keep"`
	CPUSet string `wire:"cpu_set,attr,keep"`
}

// BIOS is bios.
type BIOS struct {
	BootMenu *Enabled `wire:"boot_menu"`
}

// OS is os of a VM or a host.
type OS struct {
	Type    *string  `wire:"type,attr"`
	Boot    []Boot   `wire:"boot"`
	Kernel  *string  `wire:"kernel"`
	Initrd  *string  `wire:"initrd"`
	Cmdline *string  `wire:"cmdline"`
	Version *Version `wire:"version"`
}

// Boot is os/boot.
type Boot struct {
	Dev string `wire:"dev,attr"`
}

// StorageDomainLease is lease (api-v4, Vm). Given without a domain it is none.
type StorageDomainLease struct {
	StorageDomain *Reference `wire:"storage_domain"`
}

// HighAvailability is high_availability.
type HighAvailability struct {
	Enabled  *bool `wire:"enabled"`
	Priority *int  `wire:"priority"`
}

// Display is display.
type Display struct {
	Type                *string      `wire:"type"`
	Address             *string      `wire:"address"`
	Port                *uint16      `wire:"port"`
	SecurePort          *uint16      `wire:"secure_port"`
	Monitors            *int         `wire:"monitors"`
	SingleQXLPCI        *bool        `wire:"single_qxl_pci"`
	AllowOverride       *bool        `wire:"allow_override"`
	Certificate         *Certificate `wire:"certificate"`
	SmartcardEnabled    *bool        `wire:"smartcard_enabled"`
	KeyboardLayout      *string      `wire:"keyboard_layout"`
	Proxy               *string      `wire:"proxy"`
	FileTransferEnabled *bool        `wire:"file_transfer_enabled"`
	CopyPasteEnabled    *bool        `wire:"copy_paste_enabled"`
	DisconnectAction    *string      `wire:"disconnect_action"`
}

// Certificate is display/certificate.
type Certificate struct {
	Organization *string `wire:"organization"`
	Subject      *string `wire:"subject"`
	Content      *string `wire:"content"`
}

// SSO is sso; an empty Methods is off.
type SSO struct {
	Methods *SSOMethods `wire:"methods"`
}

// SSOMethods is sso/methods.
type SSOMethods struct {
	Method []SSOMethod `wire:"method"`
}

// SSOMethod is sso/methods/method.
type SSOMethod struct {
	ID string `wire:"id,attr"`
}

// RNGDevice is rng_device.
type RNGDevice struct {
	Rate   *Rate   `wire:"rate"`
	Source *string `wire:"source"`
}

// Rate is rng_device/rate; Period is in milliseconds.
type Rate struct {
	Bytes  int  `wire:"bytes,keep"`
	Period *int `wire:"period"`
}

// Domain is domain: of a VM, with the User who may join it; of a user.
type Domain struct {
	Href string  `wire:"href,attr"`
	ID   *string `wire:"id,attr"`
	Name *string `wire:"name"`
	User *User   `wire:"user"`
}

// USB is usb.
type USB struct {
	Enabled *bool   `wire:"enabled"`
	Type    *string `wire:"type"`
}

// SerialNumber is serial_number.
type SerialNumber struct {
	Policy *string `wire:"policy"`
	Value  *string `wire:"value"`
}

// IO is io.
type IO struct {
	Threads *int `wire:"threads"`
}

// CustomProperties is custom_properties.
type CustomProperties struct {
	CustomProperty []CustomProperty `wire:"custom_property"`
}

// CustomProperty is custom_properties/custom_property.
type CustomProperty struct {
	Name   string  `wire:"name,attr"`
	Value  *string `wire:"value,attr"`
	Regexp *string `wire:"regexp,attr"`
}

// TimeZone is time_zone and guest_time_zone.
type TimeZone struct {
	Name      *string `wire:"name"`
	UTCOffset *string `wire:"utc_offset"`
}

// Icon is small_icon and large_icon.
type Icon struct {
	Href      string  `wire:"href,attr"`
	ID        *string `wire:"id,attr"`
	MediaType *string `wire:"media_type"`
	Data      *string `wire:"data"`
}

// MemoryPolicy is memory_policy of a VM or a cluster; Guaranteed is in bytes.
type MemoryPolicy struct {
	Guaranteed           *int64      `wire:"guaranteed"`
	Ballooning           *bool       `wire:"ballooning"`
	Overcommit           *Overcommit `wire:"overcommit"`
	TransparentHugepages *Enabled    `wire:"transparent_hugepages"`
}

// Overcommit is memory_policy/overcommit; 100 percent is none.
type Overcommit struct {
	Percent int `wire:"percent,attr,keep"`
}

// PlacementPolicy is placement_policy.
type PlacementPolicy struct {
	Hosts    *HostReferences `wire:"hosts"`
	Host     *Reference      `wire:"host"`
	Affinity *string         `wire:"affinity"`
}

// HostReferences is placement_policy/hosts.
type HostReferences struct {
	Host []Reference `wire:"host"`
}

// GuestInfo is guest_info.
type GuestInfo struct {
	IPs  *IPs    `wire:"ips"`
	FQDN *string `wire:"fqdn"`
}

// IPs is a list of addresses.
type IPs struct {
	IP []IP `wire:"ip"`
}

// IP is an address; Version is v4 or v6.
type IP struct {
	Address *string `wire:"address,attr"`
	Netmask *string `wire:"netmask,attr"`
	Gateway *string `wire:"gateway,attr"`
	Version *string `wire:"version,attr"`
}

// GuestOS is guest_operating_system.
type GuestOS struct {
	Architecture *string  `wire:"architecture"`
	Codename     *string  `wire:"codename"`
	Distribution *string  `wire:"distribution"`
	Kernel       *Kernel  `wire:"kernel"`
	Family       *string  `wire:"family"`
	Version      *Version `wire:"version"`
}

// Kernel is guest_operating_system/kernel.
type Kernel struct {
	Version *Version `wire:"version"`
}

// SnapshotReferences is snapshots of a VM that is created from one.
type SnapshotReferences struct {
	Snapshot          []Reference `wire:"snapshot"`
	CollapseSnapshots *bool       `wire:"collapse_snapshots"`
}

// Floppies is floppies of a run once.
type Floppies struct {
	Floppy []Floppy `wire:"floppy"`
}

// Floppy is floppies/floppy.
type Floppy struct {
	File *File `wire:"file"`
}
