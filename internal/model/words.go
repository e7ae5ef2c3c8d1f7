package model

// Status is the status of a VM (api-v3 4.1).
type Status string

// The statuses of a VM. StatusImageIllegal has no word in the API: there the
// status element is left out.
const (
	StatusUnassigned       Status = "unassigned"
	StatusDown             Status = "down"
	StatusUp               Status = "up"
	StatusPoweringUp       Status = "powering_up"
	StatusPaused           Status = "paused"
	StatusMigrating        Status = "migrating"
	StatusUnknown          Status = "unknown"
	StatusNotResponding    Status = "not_responding"
	StatusWaitForLaunch    Status = "wait_for_launch"
	StatusRebootInProgress Status = "reboot_in_progress"
	StatusSavingState      Status = "saving_state"
	StatusRestoringState   Status = "restoring_state"
	StatusSuspended        Status = "suspended"
	StatusImageIllegal     Status = "image_illegal"
	StatusImageLocked      Status = "image_locked"
	StatusPoweringDown     Status = "powering_down"
)

// Statuses lists every status of a VM in the order of api-v3 4.1.
var Statuses = []Status{
	StatusUnassigned, StatusDown, StatusUp, StatusPoweringUp, StatusPaused, StatusMigrating,
	StatusUnknown, StatusNotResponding, StatusWaitForLaunch, StatusRebootInProgress,
	StatusSavingState, StatusRestoringState, StatusSuspended, StatusImageIllegal,
	StatusImageLocked, StatusPoweringDown,
}

// PauseDetail says why a VM is paused (api-v3 4.1).
type PauseDetail string

// The reasons of a pause.
const (
	PauseNone    PauseDetail = "none"
	PauseEOther  PauseDetail = "eother"
	PauseEIO     PauseDetail = "eio"
	PauseENoSpc  PauseDetail = "enospc"
	PauseEPerm   PauseDetail = "eperm"
	PauseNoError PauseDetail = "noerr"
)

// VMType is type of a VM.
type VMType string

// The types of a VM.
const (
	VMTypeDesktop VMType = "desktop"
	VMTypeServer  VMType = "server"
)

// CPUMode is cpu/mode.
type CPUMode string

// The CPU modes.
const (
	CPUModeCustom          CPUMode = "custom"
	CPUModeHostModel       CPUMode = "host_model"
	CPUModeHostPassthrough CPUMode = "host_passthrough"
)

// Architecture is cpu/architecture, upper-case in version 3.
type Architecture string

// The architectures.
const (
	ArchitectureX8664     Architecture = "x86_64"
	ArchitecturePPC64     Architecture = "ppc64"
	ArchitectureUndefined Architecture = "undefined"
)

// BootDevice is os/boot@dev.
type BootDevice string

// The boot devices.
const (
	BootHardDisk BootDevice = "hd"
	BootCDROM    BootDevice = "cdrom"
	BootNetwork  BootDevice = "network"
)

// DisplayType is display/type.
type DisplayType string

// The display types; a VM without a display has none.
const (
	DisplayVNC   DisplayType = "vnc"
	DisplaySPICE DisplayType = "spice"
)

// DisconnectAction is display/disconnect_action; version 3 prints it in upper case.
type DisconnectAction string

// The disconnect actions.
const (
	DisconnectNone       DisconnectAction = "none"
	DisconnectLockScreen DisconnectAction = "lock_screen"
	DisconnectLogout     DisconnectAction = "logout"
	DisconnectReboot     DisconnectAction = "reboot"
	DisconnectShutdown   DisconnectAction = "shutdown"
)

// USBType is usb/type.
type USBType string

// The USB types.
const (
	USBLegacy USBType = "legacy"
	USBNative USBType = "native"
)

// SerialNumberPolicy is serial_number/policy.
type SerialNumberPolicy string

// The serial number policies.
const (
	SerialNumberHost   SerialNumberPolicy = "host"
	SerialNumberVM     SerialNumberPolicy = "vm"
	SerialNumberCustom SerialNumberPolicy = "custom"
)

// VMAffinity is placement_policy/affinity.
type VMAffinity string

// The affinities.
const (
	AffinityMigratable     VMAffinity = "migratable"
	AffinityUserMigratable VMAffinity = "user_migratable"
	AffinityPinned         VMAffinity = "pinned"
)

// NICInterface is interface of a NIC.
type NICInterface string

// The models of NIC.
const (
	NICVirtio        NICInterface = "virtio"
	NICE1000         NICInterface = "e1000"
	NICRTL8139       NICInterface = "rtl8139"
	NICRTL8139Virtio NICInterface = "rtl8139_virtio"
)

// DiskInterface is interface of a disk.
type DiskInterface string

// The disk interfaces.
const (
	DiskIDE        DiskInterface = "ide"
	DiskVirtio     DiskInterface = "virtio"
	DiskVirtioSCSI DiskInterface = "virtio_scsi"
)

// DiskFormat is format of a disk: cow is qcow2.
type DiskFormat string

// The disk formats.
const (
	DiskCOW DiskFormat = "cow"
	DiskRaw DiskFormat = "raw"
)

// DiskStatus is status/state of a disk.
type DiskStatus string

// The statuses of a disk.
const (
	DiskOK      DiskStatus = "ok"
	DiskLocked  DiskStatus = "locked"
	DiskIllegal DiskStatus = "illegal"
)

// TemplateStatus is status/state of a template; empty is ok.
type TemplateStatus string

// The statuses of a template.
const (
	TemplateOK      TemplateStatus = "ok"
	TemplateLocked  TemplateStatus = "locked"
	TemplateIllegal TemplateStatus = "illegal"
)

// HostStatus is status/state of a host (api-v3 2.6).
type HostStatus string

// The statuses of a host. Which of them follow one another is a table of
// package lifecycle.
const (
	HostUp                      HostStatus = "up"
	HostDown                    HostStatus = "down"
	HostConnecting              HostStatus = "connecting"
	HostNonResponsive           HostStatus = "non_responsive"
	HostNonOperational          HostStatus = "non_operational"
	HostMaintenance             HostStatus = "maintenance"
	HostPreparingForMaintenance HostStatus = "preparing_for_maintenance"
	HostUnassigned              HostStatus = "unassigned"
	HostError                   HostStatus = "error"
	// HostInstalling is a host that was added and has never been reached yet;
	// HostInstallFailed one that could not be.
	HostInstalling    HostStatus = "installing"
	HostInstallFailed HostStatus = "install_failed"
	// HostReboot is a host that is being restarted by its power management.
	HostReboot HostStatus = "reboot"
	// These are words of the API which this engine does not use.
	HostInitializing    HostStatus = "initializing"
	HostInstallingOS    HostStatus = "installing_os"
	HostKdumping        HostStatus = "kdumping"
	HostPendingApproval HostStatus = "pending_approval"
)

// StorageDomainType is type of a storage domain.
type StorageDomainType string

// The types of storage domain.
const (
	StorageDomainData   StorageDomainType = "data"
	StorageDomainISO    StorageDomainType = "iso"
	StorageDomainExport StorageDomainType = "export"
)

// StorageType is storage/type of a storage domain.
type StorageType string

// The storage types.
const (
	StorageLocalFS StorageType = "localfs"
	StoragePosixFS StorageType = "posixfs"
	StorageNFS     StorageType = "nfs"
)

// StorageDomainStatus is status/state of a storage domain.
type StorageDomainStatus string

// The statuses of a storage domain that this engine uses.
const (
	StorageDomainActive      StorageDomainStatus = "active"
	StorageDomainInactive    StorageDomainStatus = "inactive"
	StorageDomainMaintenance StorageDomainStatus = "maintenance"
	StorageDomainUnattached  StorageDomainStatus = "unattached"
	// These last while a job works on it.
	StorageDomainLocked    StorageDomainStatus = "locked"
	StorageDomainPreparing StorageDomainStatus = "preparing_for_maintenance"
	StorageDomainDetaching StorageDomainStatus = "detaching"
	StorageDomainStarting  StorageDomainStatus = "activating"
)

// Severity is severity of an event; they rank in this order.
type Severity string

// The severities.
const (
	SeverityNormal  Severity = "normal"
	SeverityWarning Severity = "warning"
	SeverityError   Severity = "error"
	SeverityAlert   Severity = "alert"
)

// JobStatus is status/state of a job or step, upper-case in version 3.
type JobStatus string

// The statuses of a job.
const (
	JobStarted  JobStatus = "started"
	JobFinished JobStatus = "finished"
	JobFailed   JobStatus = "failed"
	JobAborted  JobStatus = "aborted"
	JobUnknown  JobStatus = "unknown"
)

// StepType is type of a step.
type StepType string

// The types of step.
const (
	StepValidating StepType = "validating"
	StepExecuting  StepType = "executing"
	StepFinalizing StepType = "finalizing"
	StepUnknown    StepType = "unknown"
)
