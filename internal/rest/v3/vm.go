package v3

import "time"

// VM is a virtual machine (api-v3 2.2).
type VM struct {
	VMBase
	StopReason                 *string             `wire:"stop_reason"`
	Host                       *Reference          `wire:"host"`
	Template                   *Reference          `wire:"template"`
	InstanceType               *Reference          `wire:"instance_type"`
	StartTime                  *time.Time          `wire:"start_time"`
	StopTime                   *time.Time          `wire:"stop_time"`
	RunOnce                    *bool               `wire:"run_once"`
	Payloads                   *Payloads           `wire:"payloads"`
	Statistics                 *Statistics         `wire:"statistics"`
	Disks                      *Disks              `wire:"disks"`
	Initialization             *Initialization     `wire:"initialization"`
	NICs                       *NICs               `wire:"nics"`
	Tags                       *Tags               `wire:"tags"`
	Snapshots                  *SnapshotReferences `wire:"snapshots"`
	PlacementPolicy            *PlacementPolicy    `wire:"placement_policy"`
	GuestInfo                  *GuestInfo          `wire:"guest_info"`
	Quota                      *Reference          `wire:"quota"`
	VMPool                     *Reference          `wire:"vmpool"`
	CDROMs                     *CDROMs             `wire:"cdroms"`
	Floppies                   *Floppies           `wire:"floppies"`
	UseLatestTemplateVersion   *bool               `wire:"use_latest_template_version"`
	NextRunConfigurationExists *bool               `wire:"next_run_configuration_exists"`
	NUMATuneMode               *string             `wire:"numa_tune_mode"`
	Permissions                *Permissions        `wire:"permissions"`
	GuestTimeZone              *TimeZone           `wire:"guest_time_zone"`
	GuestOperatingSystem       *GuestOS            `wire:"guest_operating_system"`
	Lease                      *StorageDomainLease `wire:"lease"`
}

// VMs is a list of VMs.
type VMs struct {
	Collection
	VM []VM `wire:"vm"`
}

// VMBase is what VMs and templates have in common.
type VMBase struct {
	Resource
	Type                  *string           `wire:"type"`
	Status                *Status           `wire:"status"`
	Memory                *int64            `wire:"memory"`
	CPU                   *CPU              `wire:"cpu"`
	CPUShares             *int              `wire:"cpu_shares"`
	BIOS                  *BIOS             `wire:"bios"`
	OS                    *OS               `wire:"os"`
	Cluster               *Reference        `wire:"cluster"`
	StorageDomain         *Reference        `wire:"storage_domain"`
	CreationTime          *time.Time        `wire:"creation_time"`
	Origin                *string           `wire:"origin"`
	Stateless             *bool             `wire:"stateless"`
	DeleteProtected       *bool             `wire:"delete_protected"`
	HighAvailability      *HighAvailability `wire:"high_availability"`
	Display               *Display          `wire:"display"`
	SSO                   *SSO              `wire:"sso"`
	RNGDevice             *RNGDevice        `wire:"rng_device"`
	Console               *EnabledAttribute `wire:"console"`
	Timezone              *string           `wire:"timezone"`
	Domain                *Domain           `wire:"domain"`
	USB                   *USB              `wire:"usb"`
	SoundcardEnabled      *bool             `wire:"soundcard_enabled"`
	TunnelMigration       *bool             `wire:"tunnel_migration"`
	MigrationDowntime     *int              `wire:"migration_downtime"`
	VirtioSCSI            *EnabledAttribute `wire:"virtio_scsi"`
	SerialNumber          *SerialNumber     `wire:"serial_number"`
	StartPaused           *bool             `wire:"start_paused"`
	CPUProfile            *Reference        `wire:"cpu_profile"`
	Migration             *Migration        `wire:"migration"`
	IO                    *IO               `wire:"io"`
	CustomProperties      *CustomProperties `wire:"custom_properties"`
	CustomEmulatedMachine *string           `wire:"custom_emulated_machine"`
	CustomCPUModel        *string           `wire:"custom_cpu_model"`
	TimeZone              *TimeZone         `wire:"time_zone"`
	SmallIcon             *Icon             `wire:"small_icon"`
	LargeIcon             *Icon             `wire:"large_icon"`
	MemoryPolicy          *MemoryPolicy     `wire:"memory_policy"`
}
