package model

import "time"

// Run is what is observed and remembered of a VM's present or last run. Only
// lifecycle decides its Status; the engine's settling of jobs and the watcher
// write it.
type Run struct {
	Status Status `json:"status"`
	// Detail says why a VM is paused.
	Detail PauseDetail `json:"detail,omitempty"`
	// Since is when Status was entered; the watcher's time limits count from it.
	Since time.Time `json:"since"`
	// Before is the status that an unknown or not_responding VM had, to be
	// restored when its host answers, and BeforeSince when it had entered that.
	Before      Status    `json:"before,omitempty"`
	BeforeSince time.Time `json:"before_since,omitzero"`

	// Epoch names the run, later ones being greater. It is checked before each start and
	// written into the guest's metadata on its host, so that a start done twice
	// or a second engine on copied data is noticed.
	Epoch uint64 `json:"epoch"`
	// Host is where the VM runs, or ran when its host stopped answering.
	Host ID `json:"host,omitempty"`
	// BootID is that of the host when the run began there: a host with another
	// one has lost the guest.
	BootID string `json:"boot_id,omitempty"`
	// StartTime is when QEMU was started; StopTime when the VM last went down.
	StartTime time.Time `json:"start_time,omitzero"`
	StopTime  time.Time `json:"stop_time,omitzero"`
	Given
	// Boot and DisplayType are what this run really uses.
	Boot        []BootDevice `json:"boot,omitempty"`
	DisplayType DisplayType  `json:"display_type,omitempty"`
	// Console is where the live display listens.
	Console Console `json:"console"`
	// CDROM is the medium in the drive of the running VM.
	CDROM string `json:"cdrom,omitempty"`
	// Memory and Topology are what the running guest really has.
	Memory   int64    `json:"memory,omitempty"`
	Topology Topology `json:"topology,omitzero"`

	// Migration is where the guest is on its way to; nil unless it is.
	Migration *Migration `json:"migration,omitempty"`
	// Astray says that the guest was migrated by somebody's hand, and that no host is known
	// to have it: nothing that becomes of its former host says that it has ended.
	Astray bool `json:"astray,omitempty"`
	// Lease is what is known of the run's lease; nil when nothing will follow from it.
	Lease *RunLease `json:"lease,omitempty"`
	// Users are those who had the VM of a pool when they began to use it: what is
	// written is theirs.
	Users []ID `json:"users,omitempty"`
	// Kept says that the overlays hold what a user of a pool has written in earlier
	// runs: they stay when the run is over, until the user does not have the VM any more.
	Kept bool `json:"kept,omitempty"`

	// Suspended is the saved state; nil unless there is one.
	Suspended *SavedState `json:"suspended,omitempty"`
	// AgentSeen says that a guest agent has answered in this run.
	AgentSeen bool `json:"agent_seen,omitempty"`
	// Escalated says that a pending shutdown has been repeated by power button.
	Escalated bool `json:"escalated,omitempty"`
	// ResetSeen says that the guest has really restarted since reboot was asked,
	// Unheard that it may have: its host was out of reach for a while.
	ResetSeen bool `json:"reset_seen,omitempty"`
	Unheard   bool `json:"unheard,omitempty"`
	// Frozen is when the guest's file systems were frozen; zero when they are not, as
	// far as is known. FrozenTold says that it has been warned of since.
	Frozen     time.Time `json:"frozen,omitzero"`
	FrozenTold bool      `json:"frozen_told,omitempty"`
	// Restart is what is done about the end of a run that a highly available VM did not
	// want; nil is nothing.
	Restart *Restart `json:"restart,omitempty"`
	// ConsoleUser is who was last given a ticket in this run of the guest's system;
	// others need a permit of their own to take the place.
	ConsoleUser ID `json:"console_user,omitempty"`
	// ExitReason is the sentence for why the last run ended.
	ExitReason string `json:"exit_reason,omitempty"`
}

// Migration is a migration of a VM's guest that was accepted and has not ended. The VM
// counts on both hosts meanwhile.
type Migration struct {
	// To is the destination, Asked when it was accepted.
	To    ID        `json:"to"`
	Asked time.Time `json:"asked"`
	// Going says that its turn has come: until then it waits for others.
	Going bool `json:"going,omitempty"`
	// PostCopy says that it is ended in post-copy: the guest may be on both hosts, and is
	// lost with either. It cannot be given up any more.
	PostCopy bool `json:"post_copy,omitempty"`
	// Detail is why the VM was paused before, if it was.
	Detail PauseDetail `json:"detail,omitempty"`
}

// Restart is how a highly available VM is brought back whose run has ended without
// anybody having wanted it.
type Restart struct {
	// Wanted says that the VM is to be started. It is false while the run lasts that has
	// come of it: one that ends soon counts as one more failure.
	Wanted bool `json:"wanted,omitempty"`
	// Tries counts the starts since the VM was last well, Next is when the next one is due.
	Tries int       `json:"tries,omitempty"`
	Next  time.Time `json:"next,omitzero"`
}

// Given is what a run was begun with beside the configuration of its VM. The host
// keeps it with the guest, so that a guest whose start an engine has no record of
// (one restored from a backup) is known for what it is.
type Given struct {
	// Overrides are those of "run once"; nil for a plain start. They last until
	// the VM is down, also while it is suspended.
	Overrides *RunOnce `json:"overrides,omitempty"`
	// Initialization says what was given to the guest to initialize itself, and
	// Instance under which id: cloud-init applies each id once.
	Initialization InitializationType `json:"initialization,omitempty"`
	Instance       ID                 `json:"instance,omitempty"`
	// Adopted says that the guest was begun by somebody else, as it is, and adopted.
	Adopted bool `json:"adopted,omitempty"`
	// Overlays take what a stateless run writes to the VM's disks. Each run has
	// its own.
	Overlays []Overlay `json:"overlays,omitempty"`
}

// Overlay is a volume on top of a disk's own that takes what one run writes, or
// another volume that a disk does not need any more.
type Overlay struct {
	Disk          ID `json:"disk"`
	Volume        ID `json:"volume"`
	StorageDomain ID `json:"storage_domain"`
}

// Console is where a live display listens; a port of 0 is none.
type Console struct {
	Address    string `json:"address,omitempty"`
	Port       int    `json:"port,omitempty"`
	SecurePort int    `json:"secure_port,omitempty"`
}

// SavedState is the memory of a suspended VM, in its data domain (api-v3 3.6).
type SavedState struct {
	StorageDomain ID `json:"storage_domain"`
	// MemoryImage and ConfigImage are image groups, each of one volume.
	MemoryImage  ID `json:"memory_image"`
	MemoryVolume ID `json:"memory_volume"`
	ConfigImage  ID `json:"config_image"`
	ConfigVolume ID `json:"config_volume"`
	// CDROM is the medium that the guest had in its drive.
	CDROM string `json:"cdrom,omitempty"`
	// Host is where the state was saved, the first choice for the restore.
	Host ID `json:"host"`
	// Snapshot is the one whose memory it is, and which keeps it when the guest has
	// gone on from it; empty for that of a suspended VM, which is used once.
	Snapshot ID `json:"snapshot,omitempty"`
}

// Live is what a running guest reports of itself. It is kept in memory only.
type Live struct {
	// IPs are the guest's addresses without prefix length, loopback and
	// link-local ones left out.
	IPs  []GuestIP `json:"ips,omitempty"`
	FQDN string    `json:"fqdn,omitempty"`
	// Devices are the guest's network interfaces (reporteddevices).
	Devices  []GuestDevice  `json:"devices,omitempty"`
	OS       *GuestOS       `json:"os,omitempty"`
	TimeZone *GuestTimeZone `json:"time_zone,omitempty"`
	Stats    VMStats        `json:"stats"`
	// AgentAlive says that the guest agent's channel is open now.
	AgentAlive bool `json:"agent_alive,omitempty"`
	// Applications are what is installed, User who sits before it; only the engine's own
	// agent says so.
	Applications []string `json:"applications,omitempty"`
	User         string   `json:"user,omitempty"`
	// Asked is what qemu-guest-agent has answered, Told what the engine's own agent has
	// said; nil while that one is not heard. Join makes one of both.
	Asked *GuestReport `json:"asked,omitempty"`
	Told  *GuestReport `json:"told,omitempty"`
}

// GuestReport is what one agent says of its guest. What is nil or empty it has not said.
type GuestReport struct {
	IPs          []GuestIP      `json:"ips,omitempty"`
	FQDN         string         `json:"fqdn,omitempty"`
	Devices      []GuestDevice  `json:"devices,omitempty"`
	OS           *GuestOS       `json:"os,omitempty"`
	TimeZone     *GuestTimeZone `json:"time_zone,omitempty"`
	Applications []string       `json:"applications,omitempty"`
	User         string         `json:"user,omitempty"`
	Memory       *GuestMemory   `json:"memory,omitempty"`
}

// GuestMemory are figures of a guest's memory as its own system has them, in bytes.
type GuestMemory struct {
	Total    int64 `json:"total"`
	Unused   int64 `json:"unused"`
	Cached   int64 `json:"cached"`
	Buffered int64 `json:"buffered"`
}

// GuestIP is one address of a guest; Version is v4 or v6.
type GuestIP struct {
	Address string `json:"address"`
	Version string `json:"version"`
}

// GuestDevice is a network interface as the guest sees it.
type GuestDevice struct {
	Name string    `json:"name"`
	MAC  string    `json:"mac"`
	IPs  []GuestIP `json:"ips,omitempty"`
}

// GuestOS is guest_operating_system.
type GuestOS struct {
	Architecture string `json:"architecture,omitempty"`
	Codename     string `json:"codename,omitempty"`
	Distribution string `json:"distribution,omitempty"`
	Family       string `json:"family,omitempty"`
	Version      string `json:"version,omitempty"`
	Kernel       string `json:"kernel,omitempty"`
}

// GuestTimeZone is guest_time_zone; UTCOffset has the form +01:00.
type GuestTimeZone struct {
	Name      string `json:"name"`
	UTCOffset string `json:"utc_offset"`
}

// VMStats are a guest's figures: memory in bytes, CPU in percent of one core,
// Taken the time of the sample (zero: none yet).
type VMStats struct {
	Taken           time.Time     `json:"taken"`
	MemoryInstalled int64         `json:"memory_installed"`
	MemoryUsed      int64         `json:"memory_used"`
	MemoryFree      int64         `json:"memory_free"`
	MemoryBuffered  int64         `json:"memory_buffered"`
	MemoryCached    int64         `json:"memory_cached"`
	CPUGuest        float64       `json:"cpu_guest"`
	CPUHypervisor   float64       `json:"cpu_hypervisor"`
	CPUTotal        float64       `json:"cpu_total"`
	CPUTime         time.Duration `json:"cpu_time"`
	Progress        float64       `json:"migration_progress"`
}
