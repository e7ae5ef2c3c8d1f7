package fault

import "fmt"

// entry is one line of the message catalogue: the kind and the sentence. The
// sentence's %s are filled in order.
type entry struct {
	kind Kind
	text string
}

// The keys of the message catalogue that this engine uses (api-v3 appendix A).
const (
	NotAuthorized          = "USER_NOT_AUTHORIZED_TO_PERFORM_ACTION"
	VMNotFound             = "ACTION_TYPE_FAILED_VM_NOT_FOUND"
	VMStatusIllegal        = "ACTION_TYPE_FAILED_VM_STATUS_ILLEGAL"
	TicketStatusIllegal    = "ACTION_TYPE_FAILED_VM_STATUS_ILLEGAL_TICKET"
	VMNotRunning           = "ACTION_TYPE_FAILED_VM_IS_NOT_RUNNING"
	VMNotUp                = "ACTION_TYPE_FAILED_VM_IS_NOT_UP"
	VMRunning              = "ACTION_TYPE_FAILED_VM_IS_RUNNING"
	VMSavingRestoring      = "ACTION_TYPE_FAILED_VM_IS_SAVING_RESTORING"
	VMLocked               = "ACTION_TYPE_FAILED_VM_IS_LOCKED"
	ObjectLocked           = "ACTION_TYPE_FAILED_OBJECT_LOCKED"
	NoDisk                 = "VM_CANNOT_RUN_FROM_DISK_WITHOUT_DISK"
	NoPluggedDisk          = "VM_CANNOT_RUN_FROM_DISK_WITHOUT_PLUGGED_DISK"
	NoISODomain            = "VM_CANNOT_RUN_FROM_CD_WITHOUT_ACTIVE_STORAGE_DOMAIN_ISO"
	NoNetwork              = "VM_CANNOT_RUN_FROM_NETWORK_WITHOUT_NETWORK"
	NoISOFile              = "ERROR_CANNOT_FIND_ISO_IMAGE_PATH"
	NoFloppyFile           = "ERROR_CANNOT_FIND_FLOPPY_IMAGE_PATH"
	StatelessHA            = "VM_CANNOT_RUN_STATELESS_HA"
	StatelessShareable     = "VM_CANNOT_RUN_STATELESS_SHAREABLE_DISK"
	SysprepUser            = "VM_CANNOT_RUN_ONCE_WITH_ILLEGAL_SYSPREP_PARAM"
	SysprepDomain          = "VM_CANNOT_RUN_ONCE_WITH_UNKNOWN_DOMAIN"
	PayloadSize            = "VMPAYLOAD_SIZE_EXCEEDED"
	PayloadFloppy          = "VMPAYLOAD_FLOPPY_EXCEEDED"
	PayloadSysprep         = "VMPAYLOAD_FLOPPY_WITH_SYSPREP"
	PayloadCloudInit       = "VMPAYLOAD_CDROM_WITH_CLOUD_INIT"
	SecretLost             = "SECRET_UNREADABLE"
	NoHosts                = "SCHEDULING_NO_HOSTS"
	AllHostsFiltered       = "SCHEDULING_ALL_HOSTS_FILTERED_OUT"
	HostFiltered           = "SCHEDULING_HOST_FILTERED_REASON_WITH_DETAIL"
	PinnedHostUnusable     = "VM_PINNED_TO_HOST_CANNOT_RUN_ON_THE_DEFAULT_VDS"
	DisksLocked            = "ACTION_TYPE_FAILED_DISKS_LOCKED"
	DisksIllegal           = "ACTION_TYPE_FAILED_DISKS_ILLEGAL"
	CannotSuspendStateless = "VM_CANNOT_SUSPEND_STATELESS_VM"
	RunningStateless       = "ACTION_TYPE_FAILED_VM_RUNNING_STATELESS"
	NoSuitableDomain       = "ACTION_TYPE_FAILED_NO_SUITABLE_DOMAIN_FOUND"
	DeleteProtected        = "ACTION_TYPE_FAILED_DELETE_PROTECTION_ENABLED"
	RemoveNotDown          = "VM_CANNOT_REMOVE_VM_WHEN_STATUS_IS_NOT_DOWN"
	RemoveRunningTasks     = "VM_CANNOT_REMOVE_HAS_RUNNING_TASKS"
	DetachBasedOnTemplate  = "VM_CANNOT_REMOVE_WITH_DETACH_DISKS_BASED_ON_TEMPLATE"
	HostStatusIllegal      = "ACTION_TYPE_FAILED_VDS_STATUS_ILLEGAL"
	DomainNotFound         = "ACTION_TYPE_FAILED_STORAGE_DOMAIN_NOT_EXIST"
	DomainStatusIllegal    = "ACTION_TYPE_FAILED_STORAGE_DOMAIN_STATUS_ILLEGAL2"
	NameInUse              = "ACTION_TYPE_FAILED_NAME_ALREADY_USED"
	NameIllegal            = "ACTION_TYPE_FAILED_NAME_MAY_NOT_CONTAIN_SPECIAL_CHARS"
	DiskSpaceLow           = "ACTION_TYPE_FAILED_DISK_SPACE_LOW_ON_STORAGE_DOMAIN"
	IllegalField           = "VM_CANNOT_UPDATE_ILLEGAL_FIELD"
	UnknownProperty        = "ACTION_TYPE_FAILED_INVALID_CUSTOM_PROPERTIES_INVALID_KEYS"
	Invalid                = "ACTION_TYPE_FAILED_INVALID_VALUE"
	Duplicate              = "ACTION_TYPE_FAILED_ALREADY_EXISTS"
	HostFailed             = "HOST_OPERATION_FAILED"
	HostSilent             = "HOST_NOT_RESPONDING"
	Interrupted            = "ACTION_INTERRUPTED"
	EngineUnavailable      = "ENGINE_UNAVAILABLE"
	StateConflict          = "ACTION_TYPE_FAILED_STATE"
	UnsupportedWish        = "ACTION_TYPE_FAILED_NOT_SUPPORTED"
	StorageFailed          = "STORAGE_OPERATION_FAILED"
	BlankFixed             = "VMT_CANNOT_EDIT_BLANK_TEMPLATE"
	BlankStays             = "VMT_CANNOT_REMOVE_BLANK_TEMPLATE"
	TemplateLocked         = "VM_TEMPLATE_IMAGE_IS_LOCKED"
	TemplateIllegal        = "VM_TEMPLATE_IMAGE_IS_ILLEGAL"
	TemplateInUse          = "VMT_CANNOT_REMOVE_DETECTED_DERIVED_VM"
	TemplateHasVersions    = "VMT_CANNOT_REMOVE_BASE_WITH_VERSIONS"
	TemplateNeedsDown      = "VMT_CANNOT_CREATE_TEMPLATE_FROM_DOWN_VM"
	TemplateProtected      = "ACTION_TYPE_FAILED_DELETE_PROTECTION_ENABLED_TEMPLATE"
	SealFailed             = "ACTION_TYPE_FAILED_SEAL"
	DiskOfTemplate         = "ACTION_TYPE_FAILED_DISK_BELONGS_TO_TEMPLATE"
	DiskLocked             = "ACTION_TYPE_FAILED_DISK_IS_LOCKED"
	SameDomain             = "ACTION_TYPE_FAILED_SOURCE_AND_TARGET_SAME"
	HotPlugFailed          = "FAILED_HOT_PLUG_DISK"
	HotUnplugFailed        = "FAILED_HOT_UNPLUG_DISK"
	AgentSilent            = "GUEST_AGENT_NON_RESPONSIVE"
	LogonNotRunning        = "CANNOT_LOGON_VM_IS_NOT_RUNNING"
	LogonNoPassword        = "CANNOT_LOGON_WITHOUT_PASSWORD"
	LogonNotText           = "CANNOT_LOGON_PASSWORD_IS_NO_TEXT"
	FreezeFailed           = "UNABLE_TO_FREEZE_GUEST_FILESYSTEMS"
	ThawFailed             = "UNABLE_TO_THAW_GUEST_FILESYSTEMS"
	FreezeUnsupported      = "GUEST_FREEZE_NOT_SUPPORTED"
	DuringSnapshot         = "ACTION_TYPE_FAILED_VM_IS_DURING_SNAPSHOT"
	InPreview              = "ACTION_TYPE_FAILED_VM_IN_PREVIEW"
	NotInPreview           = "ACTION_TYPE_FAILED_VM_NOT_IN_PREVIEW"
	StatelessInPreview     = "VM_CANNOT_RUN_STATELESS_WHILE_IN_PREVIEW"
	DetachWithSnapshots    = "VM_CANNOT_REMOVE_WITH_DETACH_DISKS_SNAPSHOTS_EXIST"
	ChainTooLong           = "ACTION_TYPE_FAILED_TOO_MANY_SNAPSHOTS"
	DataCenterMismatch     = "ACTION_TYPE_FAILED_STORAGE_POOL_NOT_MATCH"
	NoSuchUser             = "USER_MUST_EXIST_IN_DIRECTORY"
	NoSuchGroup            = "GROUP_MUST_EXIST_IN_DIRECTORY"
	DirectorySilent        = "DIRECTORY_NOT_RESPONDING"
	RoleFixed              = "ERROR_ROLE_IS_READ_ONLY"
	RoleGiven              = "ERROR_CANNOT_REMOVE_ROLE_ATTACHED_TO_PERMISSION"
	LastSuperUser          = "ERROR_CANNOT_REMOVE_LAST_SUPER_USER_ROLE"
	AdminRoles             = "PERMISSION_ADD_FAILED_ONLY_SYSTEM_SUPER_USER_CAN_GIVE_ADMIN_ROLES"
	ExportElsewhere        = "ACTION_TYPE_FAILED_TARGET_DATA_CENTER_DOES_NOT_CONTAIN_VM"
	DiskConfiguration      = "ACTION_TYPE_FAILED_DISK_CONFIGURATION_NOT_SUPPORTED"
	NotExportDomain        = "ACTION_TYPE_FAILED_SPECIFY_DOMAIN_IS_NOT_EXPORT_DOMAIN"
	SameIdentifier         = "ACTION_TYPE_FAILED_VM_GUID_ALREADY_EXIST"
	SuspendInPool          = "VM_CANNOT_SUSPEND_VM_FROM_POOL"
	PoolVMRunning          = "VM_POOL_CANNOT_REMOVE_RUNNING_VM_FROM_POOL"
	AttachedToPool         = "ACTION_TYPE_FAILED_VM_ATTACHED_TO_POOL"
	NoFreePoolVMs          = "ACTION_TYPE_FAILED_NO_AVAILABLE_POOL_VMS"
	PoolUserLimit          = "VM_POOL_CANNOT_ATTACH_TO_MORE_VMS_FROM_POOL"
	PoolShrink             = "VM_POOL_CANNOT_DECREASE_VMS_FROM_POOL"
	PrestartedTooMany      = "ACTION_TYPE_FAILED_PRESTARTED_VMS_CANNOT_EXCEED_VMS_COUNT"
	PoolOfBlank            = "VM_POOL_CANNOT_CREATE_FROM_BLANK_TEMPLATE"
	HostAddressInUse       = "ACTION_TYPE_FAILED_VDS_WITH_SAME_HOST_EXIST"
	FenceDisabled          = "VDS_FENCE_DISABLED"
	FenceFailed            = "VDS_FENCE_OPERATION_FAILED"
	HostStatusWrong        = "VDS_STATUS_NOT_VALID_FOR_ACTION"
	HostHasVMs             = "VDS_CANNOT_REMOVE_VDS_DETECTED_RUNNING_VM"
	HostHasPinned          = "ACTION_TYPE_FAILED_DETECTED_PINNED_VMS"
	HostInMaintenance      = "VDS_CANNOT_MAINTENANCE_VDS_IS_IN_MAINTENANCE"
	HostLostWithVMs        = "VDS_CANNOT_MAINTENANCE_VDS_IS_NOT_RESPONDING_WITH_VMS"
	HostIsUp               = "VDS_ALREADY_UP"
	ExportNotDown          = "ACTION_TYPE_FAILED_VM_IS_NOT_DOWN"
	InvalidHost            = "VDS_INVALID_SERVER_ID"
	PinnedToHost           = "ACTION_TYPE_FAILED_VM_IS_PINNED_TO_HOST"
	NotMigratable          = "ACTION_TYPE_FAILED_VM_IS_NON_MIGRTABLE_AND_IS_NOT_FORCED_BY_USER_TO_MIGRATE"
	MigrationInProgress    = "ACTION_TYPE_FAILED_MIGRATION_IN_PROGRESS"
	MigrationAfterIOError  = "MIGRATE_PAUSED_EIO_VM_IS_NOT_SUPPORTED"
	MigrationToSameHost    = "ACTION_TYPE_FAILED_MIGRATION_TO_SAME_HOST"
	MigrationElsewhere     = "ACTION_TYPE_FAILED_MIGRATE_BETWEEN_TWO_CLUSTERS"
	MigrationClusterHost   = "ACTION_TYPE_FAILED_DESTINATION_HOST_NOT_IN_DESTINATION_CLUSTER"
	NothingToCancel        = "VM_CANNOT_CANCEL_MIGRATION_WHEN_VM_IS_NOT_MIGRATING"
	CancelTooLate          = "MIGRATION_NOT_IN_PROGRESS"
	CancelFailed           = "MIGRATION_CANCEL_ERROR"
	MigrationFailed        = "MIGRATION_FAILED"
	MigrationStuck         = "MIGRATION_STUCK"
	MigrationLost          = "MIGRATION_LOST"
	CancelInPostCopy       = "VM_CANNOT_CANCEL_MIGRATION_IN_POST_COPY"

	MACInUse            = "NETWORK_MAC_ADDRESS_IN_USE"
	MACPoolEmpty        = "MAC_POOL_NOT_ENOUGH_MAC_ADDRESSES"
	MACPoolDefault      = "ACTION_TYPE_FAILED_CANNOT_REMOVE_DEFAULT_MAC_POOL"
	MACPoolInUse        = "ACTION_TYPE_FAILED_CANNOT_REMOVE_STILL_USED_MAC_POOL"
	MACPoolRange        = "ACTION_TYPE_FAILED_MAC_POOL_MUST_HAVE_RANGE"
	NetworkNameInUse    = "ACTION_TYPE_FAILED_NETWORK_NAME_IN_USE"
	NetworkInUse        = "ACTION_TYPE_FAILED_NETWORK_IN_MANY_USES"
	NetworkRunning      = "NETWORK_INTERFACE_IN_USE_BY_VM"
	ManagementStays     = "NETWORK_CANNOT_REMOVE_MANAGEMENT_NETWORK"
	ProfileInUse        = "ACTION_TYPE_FAILED_VNIC_PROFILE_IN_USE"
	ProfileNameInUse    = "ACTION_TYPE_FAILED_VNIC_PROFILE_NAME_IN_USE"
	ProfileNetworkFixed = "ACTION_TYPE_FAILED_CANNOT_CHANGE_VNIC_PROFILE_NETWORK"
	ProfileNeedsVMs     = "ACTION_TYPE_FAILED_CANNOT_ADD_VNIC_PROFILE_TO_NON_VM_NETWORK"
	ReconnectDenied     = "USER_CANNOT_FORCE_RECONNECT_TO_VM"
	NoConsole           = "CONSOLE_NOT_AVAILABLE"
	NoPass              = "CONSOLE_PASS_INVALID"
	NoTicket            = "CONSOLE_TICKET_MISSING"
	DisplayClosed       = "CONSOLE_DISPLAY_CLOSED"
	TooManyConsoles     = "TOO_MANY_CONSOLES"
)

// catalogue holds the sentences. Those that section 3 of the reference quotes
// are the ones clients read; the others follow the pattern "Cannot <verb> VM.
// <why>.".
var catalogue = map[string]entry{
	NotAuthorized:          {Denied, "User is not authorized to perform this action."},
	VMNotFound:             {NotFound, "Cannot %s VM. VM is not found."},
	VMStatusIllegal:        {Conflict, "Cannot %s VM because the VM is in %s status."},
	ReconnectDenied:        {Conflict, "Console connection denied. Another user has already accessed the console of this VM. Ask that user to shut the VM down or an administrator to let you connect."},
	NoConsole:              {Conflict, "Cannot connect to VM. It has no %s."},
	NoPass:                 {Denied, "Cannot connect to VM. The pass is not valid, or is not valid any more. Ask for another one."},
	NoTicket:               {Denied, "Cannot connect to VM. You have set no ticket that the engine remembers. Set another one, and then ask for a pass."},
	DisplayClosed:          {Host, "Cannot connect to VM. Its display does not let the engine in; the events say why."},
	TooManyConsoles:        {Unavailable, "There are too many connections to consoles. Please try again later."},
	TicketStatusIllegal:    {Conflict, "Cannot set Virtual Machine Ticket because the VM is in %s status."},
	VMNotRunning:           {Conflict, "Cannot %s VM. VM is not running."},
	VMNotUp:                {Conflict, "Cannot %s VM. VM is not up."},
	VMRunning:              {Conflict, "Cannot %s VM. VM is running."},
	VMSavingRestoring:      {Conflict, "Cannot %s VM. VM is in saving/restoring state.\n-Please try again when the VM is either up or down."},
	VMLocked:               {Conflict, "Cannot %s VM: VM is locked. Please try again in a few minutes."},
	ObjectLocked:           {Conflict, "Cannot %s %s. Related operation is currently in progress. Please try again later."},
	NoDisk:                 {Conflict, "Cannot %s VM. The boot sequence starts with the hard disk, and the VM has none."},
	NoPluggedDisk:          {Conflict, "Cannot %s VM. The boot sequence starts with the hard disk, and no disk of the VM is active."},
	NoISODomain:            {Conflict, "Cannot %s VM. The boot sequence starts with the CD, and the data center has no active ISO domain."},
	NoNetwork:              {Conflict, "Cannot %s VM. The boot sequence starts with the network, and the VM has no network interface."},
	NoISOFile:              {BadRequest, "Cannot %s VM. Invalid ISO image path: the ISO domain has no file %.255q."},
	NoFloppyFile:           {BadRequest, "Cannot %s VM. Invalid Floppy image path: the ISO domain has no file %.255q."},
	StatelessHA:            {Conflict, "Cannot %s VM. A stateless VM cannot be highly available."},
	StatelessShareable:     {Conflict, "Cannot %s VM. What a stateless VM writes to the shareable disk %s could not be undone; make the disk read-only for it, or detach it."},
	SysprepUser:            {BadRequest, "Cannot %s VM. Missing UserName or Password."},
	SysprepDomain:          {BadRequest, "Cannot %s VM. The domain %.255q is not one of those that the engine can join by itself; a user name and a password are needed."},
	PayloadSize:            {BadRequest, "Cannot %s. Payload is limited to %sK."},
	PayloadFloppy:          {Conflict, "Cannot %s VM. Payload floppy deivce cannot be used with another floppy."},
	PayloadSysprep:         {Conflict, "Cannot %s VM. Payload floppy deivce cannot be used with Sysprep via floppy device."},
	PayloadCloudInit:       {Conflict, "Cannot %s VM. Payload cdrom deivce cannot be used with Cloud-Init via cdrom device."},
	SecretLost:             {Conflict, "Cannot %s VM. A secret that it needs was sealed with another key; set the passwords, keys and scripts of the VM anew."},
	NoHosts:                {Untyped, "There are no hosts to use. Check that the cluster contains at least one host in Up state."},
	AllHostsFiltered:       {Conflict, "Cannot %s VM. There is no host that satisfies current scheduling constraints. See below for details:"},
	HostFiltered:           {Untyped, "The host %s did not satisfy internal filter %s because %s."},
	PinnedHostUnusable:     {Conflict, "Note: The VM is pinned to Host '%s' but cannot run on it."},
	DisksLocked:            {Conflict, "Cannot %s VM: The following disks are locked: %s. Please try again in a few minutes."},
	DisksIllegal:           {Internal, "Cannot %s VM. The following attached disks are in ILLEGAL status: %s - please remove them and try again."},
	CannotSuspendStateless: {Conflict, "Cannot suspend VM, VM is stateless."},
	RunningStateless:       {Conflict, "Cannot %s. VM %s runs stateless and can be given no disk until it is stopped."},
	NoSuitableDomain:       {Conflict, "Cannot %s VM. No active data Storage Domain with enough storage was found in the Data Center."},
	DeleteProtected:        {Conflict, "Cannot remove VM. Delete protection is enabled. In order to delete, disable Delete protection first."},
	RemoveNotDown:          {Conflict, "Cannot remove VM that its state is not down.\n-Please stop the VM first."},
	RemoveRunningTasks:     {Conflict, "Cannot force remove VM when there are running tasks."},
	DetachBasedOnTemplate:  {Conflict, "Cannot remove VM and keep its disks. The disk %s stands on a disk of a template."},
	HostStatusIllegal:      {Conflict, "Cannot %s VM. Operation can be performed only when Host status is Up."},
	DomainNotFound:         {BadRequest, "Cannot %s. Storage Domain doesn't exist."},
	DomainStatusIllegal:    {Conflict, "Cannot %s. The relevant Storage Domain's status is %s."},
	NameInUse:              {BadRequest, "Cannot %s. The %s name %q is already in use, please choose a unique name and try again."},
	NameIllegal:            {BadRequest, "Cannot %s. %s"},
	DiskSpaceLow:           {Conflict, "Cannot %s. Low disk space on Storage Domain %s."},
	IllegalField:           {BadRequest, "Cannot %s. %s"},
	UnknownProperty:        {BadRequest, "Cannot %s VM. The custom property %q is not known."},
	Invalid:                {BadRequest, "Cannot %s. %s"},
	Duplicate:              {Conflict, "Cannot %s. %s"},
	HostFailed:             {Host, "Cannot %s VM. The host %s refused: %s"},
	HostSilent:             {Host, "Cannot %s VM. The host %s does not answer."},
	Interrupted:            {Conflict, "Cannot %s VM. The operation was interrupted by another one."},
	EngineUnavailable:      {Unavailable, "The engine is stopping or has lost the right to write. Please try again later."},
	StateConflict:          {Conflict, "Cannot %s. %s"},
	UnsupportedWish:        {BadRequest, "Cannot %s. %s"},
	DiskLocked:             {Conflict, "Cannot %s. Disk is locked: %s. Please try again in a few minutes."},
	SameDomain:             {Conflict, "Cannot %s. The disk %s is in the storage domain %s already."},
	HotPlugFailed:          {Host, "Failed to hot-plug disk %s: %s"},
	HotUnplugFailed:        {Host, "Failed to hot-unplug disk %s: %s"},
	AgentSilent:            {Host, "Guest agent non responsive"},
	LogonNotRunning:        {Host, "Cannot log on to VM. VM is not running."},
	LogonNoPassword:        {BadRequest, "Cannot log on to VM. The request belongs to no login with a password. Log in with a user name and a password."},
	LogonNotText:           {BadRequest, "Cannot log on to VM. The password is not UTF-8 text, which the guest agent takes alone."},
	FreezeFailed:           {Host, "Unable to freeze guest filesystems"},
	ThawFailed:             {Host, "Unable to thaw guest filesystems"},
	FreezeUnsupported:      {Host, "The guest agent cannot freeze and thaw filesystems."},
	DuringSnapshot:         {Conflict, "Cannot %s. A snapshot of VM %s is being created or removed. Please try again later."},
	InPreview:              {Conflict, "Cannot %s. VM %s previews a snapshot; commit or undo that first."},
	NotInPreview:           {Conflict, "Cannot %s. VM %s does not preview a snapshot."},
	StatelessInPreview:     {Conflict, "Cannot %s VM. The VM previews a snapshot and cannot run stateless."},
	DetachWithSnapshots:    {Conflict, "Cannot %s. VM %s has snapshots, which hold states of its disks; remove them first."},
	ChainTooLong:           {Conflict, "Cannot %s. The disk %s has %s snapshots, as many as it may (option MaxSnapshotsInChain); remove one first."},
	NoSuchUser:             {BadRequest, "No such user: %.255s in domain %.255s"},
	NoSuchGroup:            {BadRequest, "No such group: %.255s in domain %.255s"},
	DirectorySilent:        {Unavailable, "The directory of the domain %.255s does not answer. Please try again later."},
	RoleFixed:              {Conflict, "Cannot %s. The role %s is predefined and cannot be changed."},
	RoleGiven:              {Conflict, "Cannot %s. The role %s is given to users or groups; take it away from them first."},
	LastSuperUser:          {Conflict, "Cannot %s. The last user of the domain internal who may do everything must stay."},
	AdminRoles:             {Denied, "Only a system wide SuperUser can give administrative roles, and take them away."},
	DataCenterMismatch:     {Conflict, "Cannot %s. The storage domain %s is in another data center."},
	BlankFixed:             {Conflict, "Cannot %s. The Blank template cannot be changed."},
	BlankStays:             {Conflict, "Cannot %s. The Blank template cannot be removed."},
	TemplateLocked:         {Conflict, "Cannot %s. The template %s is locked. Please try again in a few minutes."},
	TemplateIllegal:        {Conflict, "Cannot %s. The template %s is illegal; all that can be done is to remove it."},
	TemplateInUse:          {Conflict, "Cannot %s. The template is used by: %s."},
	TemplateHasVersions:    {Conflict, "Cannot %s. The template is the base of these versions, which have to be removed first: %s."},
	TemplateNeedsDown:      {Conflict, "Cannot %s. The VM must be down, and is in %s status."},
	TemplateProtected:      {Conflict, "Cannot %s. Delete protection is enabled. In order to delete, disable Delete protection first."},
	SealFailed:             {Host, "Cannot %s. The guest could not be sealed: %s."},
	DiskOfTemplate:         {Conflict, "Cannot %s. The disk %s belongs to the template %s, and stays as it is until that is removed."},
	ExportElsewhere:        {Conflict, "Cannot %s. The target Data Center does not contain the %s."},
	DiskConfiguration:      {BadRequest, "Cannot %s. Disk configuration (%s %s) is incompatible with the storage domain type."},
	NotExportDomain:        {BadRequest, "Cannot %s. The specified domain '%s' is not an export domain."},
	SameIdentifier:         {Conflict, "Cannot %s. %s with the same identifier already exists."},
	ExportNotDown:          {Conflict, "Cannot %s. At least one of the VMs is not down."},
	InvalidHost:            {BadRequest, "Cannot %s VM. Invalid Host Id."},
	PinnedToHost:           {Conflict, "Cannot %s VM. VM is pinned to Host."},
	NotMigratable:          {Conflict, "Cannot %s VM. VM is non migratable and user did not specify the force-migration flag"},
	MigrationInProgress:    {Conflict, "Cannot %s VM. VM migration is in progress"},
	MigrationAfterIOError:  {BadRequest, "Cannot %s VM. Migrating a VM in paused status due to I/O error is not supported."},
	MigrationToSameHost:    {Conflict, "Cannot %s VM. source and destination is the same."},
	MigrationElsewhere:     {Conflict, "Cannot %s VM. The host %s is in another cluster than the VM, and the request names no cluster."},
	MigrationClusterHost:   {Conflict, "Cannot %s VM. The host %s is not in the cluster that the request names."},
	NothingToCancel:        {Conflict, "Cannot cancel migration for non migrating VM."},
	CancelTooLate:          {Host, "Migration not in progress"},
	CancelFailed:           {Host, "Cancel migration has failed. Please try again in a few moments and track the VM's event list for details."},
	MigrationFailed:        {Host, "Cannot %s VM to host %s: %s"},
	MigrationLost:          {Host, "Cannot %s VM. Its guest is lost: it was on two hosts, and one of them has lost its part (post-copy)."},
	CancelInPostCopy:       {Conflict, "Cannot cancel migration that is being ended in post-copy: the guest has gone on at its destination."},
	MigrationStuck:         {Host, "Cannot %s VM. Its guest changes memory faster than it can be carried to host %s (options MigrationStallTime, MigrationDowntimeCeiling)."},
	SuspendInPool:          {Conflict, "Cannot suspend VM that belongs to a  VM-Pool."},
	PoolVMRunning:          {Conflict, "Cannot %s VM-Pool. VM is running."},
	AttachedToPool:         {Conflict, "Cannot %s VM. VM is attached to a VM Pool."},
	NoFreePoolVMs:          {Conflict, "Cannot %s. There are no available VMs in the VM-Pool."},
	PoolUserLimit:          {Conflict, "Cannot %s. The user has as many VMs of the VM-Pool as one may have: %s."},
	PoolShrink:             {Conflict, "Cannot %s. Only VMs that are down and that no user has can be removed from the VM-Pool; there are %s of these."},
	PrestartedTooMany:      {BadRequest, "Cannot %s. More VMs are to be prestarted than the VM-Pool has."},
	PoolOfBlank:            {BadRequest, "Cannot %s. VMs of a VM-Pool cannot be made of the Blank template."},
	MACInUse:               {Conflict, "Cannot %s. %s"},
	MACPoolEmpty:           {Conflict, "Cannot %s. The MAC pool %s has not enough addresses left."},
	MACPoolDefault:         {Conflict, "Cannot %s. The default MAC pool cannot be removed."},
	MACPoolInUse:           {Conflict, "Cannot %s. The MAC pool is used by these data centers: %s."},
	MACPoolRange:           {BadRequest, "Cannot %s. A MAC pool must have at least one range of addresses."},
	NetworkNameInUse:       {BadRequest, "Cannot %s. The data center has a network %s already, please choose another name."},
	NetworkInUse:           {Conflict, "Cannot %s. The network is used by these VMs and templates: %s. Please disconnect them from it first."},
	NetworkRunning:         {Conflict, "Cannot %s. These VMs run on the network: %s. Please stop them, or deactivate their network interfaces on it, first."},
	ManagementStays:        {Conflict, "The management network %s is mandatory and cannot be removed."},
	ProfileInUse:           {Conflict, "Cannot %s. The vNIC profile is used by these VMs and templates: %s."},
	ProfileNameInUse:       {BadRequest, "Cannot %s. The network has a vNIC profile %s already, please choose another name."},
	ProfileNetworkFixed:    {Conflict, "Cannot %s. The network of a vNIC profile cannot be changed."},
	ProfileNeedsVMs:        {Conflict, "Cannot %s. The network %s is not for VMs and can have no vNIC profiles."},
	HostAddressInUse:       {Conflict, "Cannot %s. The host %s has the address %s already."},
	FenceDisabled:          {Conflict, "Cannot %s. The host %s has no power management that is enabled."},
	FenceFailed:            {Host, "Cannot %s. The power management of host %s failed: %s"},
	HostStatusWrong:        {Conflict, "Cannot %s. The host %s is in %s status. %s"},
	HostHasVMs:             {Conflict, "Cannot %s. VMs run on the host %s, or may run there: %s."},
	HostHasPinned:          {Conflict, "Cannot %s. These VMs can run on no other host than %s: %s."},
	HostInMaintenance:      {Conflict, "Cannot %s. The host %s is in maintenance mode already."},
	HostLostWithVMs:        {Conflict, "Cannot %s. The host %s does not answer, and VMs may run there: %s. Confirm that it was rebooted first (fence, with fence_type manual)."},
	HostIsUp:               {Conflict, "Cannot %s. The host %s is up already."},
	StorageFailed:          {Host, "Cannot %s. The storage domain %s failed: %s"},
}

// New makes the refusal of a command from the catalogue. An unknown code is a
// mistake of the program and panics; a test walks all codes.
func New(code string, args ...any) *Fault {
	line, known := catalogue[code]
	if !known {
		panic("fault: no sentence for the code " + code)
	}
	text := line.text
	if len(args) > 0 {
		text = fmt.Sprintf(line.text, args...)
	}
	return &Fault{Kind: line.kind, Code: code, Messages: []string{text}, Command: true}
}

// With adds the messages of others to f; the kind of the list is judged by the
// rule of api-v3 5.3: bad request before conflict before internal.
func (f *Fault) With(others ...*Fault) *Fault {
	copied := *f
	copied.Messages = append([]string(nil), f.Messages...)
	for _, other := range others {
		copied.Messages = append(copied.Messages, other.Messages...)
		if rank(other.Kind) < rank(copied.Kind) {
			copied.Kind = other.Kind
		}
	}
	return &copied
}

func rank(kind Kind) int {
	switch kind {
	case BadRequest:
		return 0
	case Conflict:
		return 1
	case Internal:
		return 2
	default:
		return 3
	}
}

// Missing says that an object named by a URL or a body does not exist:
// "Entity not found: <what>" (api-v3 5.2).
func Missing(what string) *Fault {
	return &Fault{Kind: NotFound, Code: "NOT_FOUND", Messages: []string{"Entity not found: " + what}}
}

// Bad is a refusal of the REST layer with one of the reasons of api-v3 5.2.
func Bad(reason, detail string) *Fault {
	return &Fault{Kind: BadRequest, Code: "BAD_REQUEST", Reason: reason, Messages: []string{detail}}
}
