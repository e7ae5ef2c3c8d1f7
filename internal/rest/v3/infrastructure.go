package v3

// DataCenter is a data center (api-v3 2.6).
type DataCenter struct {
	Resource
	// StorageType is input of old clients.
	StorageType       *string            `wire:"storage_type"`
	Local             *bool              `wire:"local"`
	StorageFormat     *string            `wire:"storage_format"`
	Version           *Version           `wire:"version"`
	SupportedVersions *SupportedVersions `wire:"supported_versions"`
	Status            *Status            `wire:"status"`
	MACPool           *Reference         `wire:"mac_pool"`
	QuotaMode         *string            `wire:"quota_mode"`
}

// DataCenters is a list of data centers.
type DataCenters struct {
	Collection
	DataCenter []DataCenter `wire:"data_center"`
}

// SupportedVersions lists compatibility levels.
type SupportedVersions struct {
	Version []Version `wire:"version"`
}

// Cluster is a cluster (api-v3 2.6).
type Cluster struct {
	Resource
	CPU               *CPU               `wire:"cpu"`
	DataCenter        *Reference         `wire:"data_center"`
	MemoryPolicy      *MemoryPolicy      `wire:"memory_policy"`
	SchedulingPolicy  *SchedulingPolicy  `wire:"scheduling_policy"`
	Version           *Version           `wire:"version"`
	SupportedVersions *SupportedVersions `wire:"supported_versions"`
	ErrorHandling     *ErrorHandling     `wire:"error_handling"`
	VirtService       *bool              `wire:"virt_service"`
	GlusterService    *bool              `wire:"gluster_service"`
	ThreadsAsCores    *bool              `wire:"threads_as_cores"`
	TunnelMigration   *bool              `wire:"tunnel_migration"`
	TrustedService    *bool              `wire:"trusted_service"`
	HAReservation     *bool              `wire:"ha_reservation"`
	OptionalReason    *bool              `wire:"optional_reason"`
	BallooningEnabled *bool              `wire:"ballooning_enabled"`
	Migration         *Migration         `wire:"migration"`
}

// Clusters is a list of clusters.
type Clusters struct {
	Collection
	Cluster []Cluster `wire:"cluster"`
}

// ErrorHandling is error_handling.
type ErrorHandling struct {
	OnError *string `wire:"on_error"`
}

// Host is a host (api-v3 2.6). Its memory figures are in bytes.
type Host struct {
	Resource
	Address              *string              `wire:"address"`
	Status               *Status              `wire:"status"`
	ExternalStatus       *Status              `wire:"external_status"`
	Cluster              *Reference           `wire:"cluster"`
	Type                 *string              `wire:"type"`
	HardwareInformation  *HardwareInformation `wire:"hardware_information"`
	PowerManagement      *PowerManagement     `wire:"power_management"`
	KSM                  *Enabled             `wire:"ksm"`
	TransparentHugepages *Enabled             `wire:"transparent_hugepages"`
	ISCSI                *ISCSI               `wire:"iscsi"`
	RootPassword         *string              `wire:"root_password"`
	SSH                  *SSH                 `wire:"ssh"`
	Statistics           *Statistics          `wire:"statistics"`
	CPU                  *CPU                 `wire:"cpu"`
	Memory               *int64               `wire:"memory"`
	MaxSchedulingMemory  *int64               `wire:"max_scheduling_memory"`
	Summary              *VMSummary           `wire:"summary"`
	OS                   *OS                  `wire:"os"`
	LibvirtVersion       *Version             `wire:"libvirt_version"`
	KdumpStatus          *string              `wire:"kdump_status"`
	SELinux              *SELinux             `wire:"selinux"`
	AutoNUMAStatus       *string              `wire:"auto_numa_status"`
	NUMASupported        *bool                `wire:"numa_supported"`
	LiveSnapshotSupport  *bool                `wire:"live_snapshot_support"`
	DevicePassthrough    *Enabled             `wire:"device_passthrough"`
}

// SSH is ssh of a host: how the engine logs in there. The password is input only,
// and not used: the engine has a key.
type SSH struct {
	Port                 *uint16  `wire:"port"`
	Fingerprint          *string  `wire:"fingerprint"`
	AuthenticationMethod *string  `wire:"authentication_method"`
	User                 *SSHUser `wire:"user"`
}

// SSHUser is who the engine logs in as.
type SSHUser struct {
	UserName *string `wire:"user_name"`
	Password *string `wire:"password"`
}

// Hosts is a list of hosts.
type Hosts struct {
	Collection
	Host []Host `wire:"host"`
}

// HardwareInformation is hardware_information of a host.
type HardwareInformation struct {
	Manufacturer *string `wire:"manufacturer"`
	Version      *string `wire:"version"`
	SerialNumber *string `wire:"serial_number"`
	ProductName  *string `wire:"product_name"`
	UUID         *string `wire:"uuid"`
	Family       *string `wire:"family"`
}

// VMSummary counts the VMs of a host.
type VMSummary struct {
	Active    int `wire:"active,keep"`
	Migrating int `wire:"migrating,keep"`
	Total     int `wire:"total,keep"`
}

// Tag is a tag.
type Tag struct {
	Resource
	Host     *Reference `wire:"host"`
	VM       *Reference `wire:"vm"`
	Template *Reference `wire:"template"`
	User     *Reference `wire:"user"`
	Group    *Reference `wire:"group"`
	Parent   *TagParent `wire:"parent"`
}

// Tags is a list of tags.
type Tags struct {
	Collection
	Tag []Tag `wire:"tag"`
}

// TagParent is parent of a tag.
type TagParent struct {
	Tag *Reference `wire:"tag"`
}
