package auth

import "vireo/internal/model"

// The permits of the vm family.
const (
	CreateVM                 model.Permit = "create_vm"
	DeleteVM                 model.Permit = "delete_vm"
	EditVMProperties         model.Permit = "edit_vm_properties"
	ChangeVMCD               model.Permit = "change_vm_cd"
	MigrateVM                model.Permit = "migrate_vm"
	ConnectToVM              model.Permit = "connect_to_vm"
	ImportExportVM           model.Permit = "import_export_vm"
	ConfigureVMNetwork       model.Permit = "configure_vm_network"
	ConfigureVMStorage       model.Permit = "configure_vm_storage"
	MoveVM                   model.Permit = "move_vm"
	ManipulateVMSnapshots    model.Permit = "manipulate_vm_snapshots"
	ReconnectToVM            model.Permit = "reconnect_to_vm"
	ChangeVMCustomProperties model.Permit = "change_vm_custom_properties"
	EditAdminVMProperties    model.Permit = "edit_admin_vm_properties"
	CreateInstance           model.Permit = "create_instance"
	RebootVM                 model.Permit = "reboot_vm"
	StopVM                   model.Permit = "stop_vm"
	ShutDownVM               model.Permit = "shut_down_vm"
	HibernateVM              model.Permit = "hibernate_vm"
	RunVM                    model.Permit = "run_vm"
	ResetVM                  model.Permit = "reset_vm"
)

// The permits of the host family.
const (
	CreateHost            model.Permit = "create_host"
	EditHostConfiguration model.Permit = "edit_host_configuration"
	DeleteHost            model.Permit = "delete_host"
	ManipulateHost        model.Permit = "manipulate_host"
	ConfigureHostNetwork  model.Permit = "configure_host_network"
)

// The permits of the template family.
const (
	CreateTemplate              model.Permit = "create_template"
	EditTemplateProperties      model.Permit = "edit_template_properties"
	DeleteTemplate              model.Permit = "delete_template"
	CopyTemplate                model.Permit = "copy_template"
	ConfigureTemplateNetwork    model.Permit = "configure_template_network"
	EditAdminTemplateProperties model.Permit = "edit_admin_template_properties"
)

// The permits of the pool family.
const (
	CreateVMPool            model.Permit = "create_vm_pool"
	EditVMPoolConfiguration model.Permit = "edit_vm_pool_configuration"
	DeleteVMPool            model.Permit = "delete_vm_pool"
	VMPoolBasicOperations   model.Permit = "vm_pool_basic_operations"
)

// The permits of the cluster family.
const (
	CreateCluster            model.Permit = "create_cluster"
	EditClusterConfiguration model.Permit = "edit_cluster_configuration"
	DeleteCluster            model.Permit = "delete_cluster"
	ConfigureClusterNetwork  model.Permit = "configure_cluster_network"
	AssignClusterNetwork     model.Permit = "assign_cluster_network"
)

// The permits of the user family.
const (
	ManipulateUsers                model.Permit = "manipulate_users"
	ManipulateRoles                model.Permit = "manipulate_roles"
	ManipulatePermissions          model.Permit = "manipulate_permissions"
	AddUsersAndGroupsFromDirectory model.Permit = "add_users_and_groups_from_directory"
	EditProfile                    model.Permit = "edit_profile"
)

// The permits of the storage domain family.
const (
	CreateStorageDomain            model.Permit = "create_storage_domain"
	EditStorageDomainConfiguration model.Permit = "edit_storage_domain_configuration"
	DeleteStorageDomain            model.Permit = "delete_storage_domain"
	ManipulateStorageDomain        model.Permit = "manipulate_storage_domain"
)

// The permits of the data center family.
const (
	CreateStoragePool            model.Permit = "create_storage_pool"
	DeleteStoragePool            model.Permit = "delete_storage_pool"
	EditStoragePoolConfiguration model.Permit = "edit_storage_pool_configuration"
	ConfigureStoragePoolNetwork  model.Permit = "configure_storage_pool_network"
	CreateStoragePoolNetwork     model.Permit = "create_storage_pool_network"
	DeleteStoragePoolNetwork     model.Permit = "delete_storage_pool_network"
)

// The permits of the engine and quota family.
const (
	ConfigureEngine model.Permit = "configure_engine"
	ConfigureQuota  model.Permit = "configure_quota"
	ConsumeQuota    model.Permit = "consume_quota"
)

// The permits of the gluster family.
const (
	CreateGlusterVolume      model.Permit = "create_gluster_volume"
	ManipulateGlusterVolume  model.Permit = "manipulate_gluster_volume"
	DeleteGlusterVolume      model.Permit = "delete_gluster_volume"
	ManipulateGlusterHook    model.Permit = "manipulate_gluster_hook"
	ManipulateGlusterService model.Permit = "manipulate_gluster_service"
)

// The permits of the disk family.
const (
	CreateDisk               model.Permit = "create_disk"
	AttachDisk               model.Permit = "attach_disk"
	EditDiskProperties       model.Permit = "edit_disk_properties"
	ConfigureDiskStorage     model.Permit = "configure_disk_storage"
	DeleteDisk               model.Permit = "delete_disk"
	ConfigureSCSIGenericIO   model.Permit = "configure_scsi_generic_io"
	AccessImageStorage       model.Permit = "access_image_storage"
	DiskLiveStorageMigration model.Permit = "disk_live_storage_migration"
	SparsifyDisk             model.Permit = "sparsify_disk"
	ReduceDisk               model.Permit = "reduce_disk"
	BackupDisk               model.Permit = "backup_disk"
)

// The permits of the network profile family.
const (
	ConfigureNetworkVNICProfile model.Permit = "configure_network_vnic_profile"
	CreateNetworkVNICProfile    model.Permit = "create_network_vnic_profile"
	DeleteNetworkVNICProfile    model.Permit = "delete_network_vnic_profile"
)

// The permits of the general family.
const (
	Login                       model.Permit = "login"
	TagManagement               model.Permit = "tag_management"
	BookmarkManagement          model.Permit = "bookmark_management"
	EventNotificationManagement model.Permit = "event_notification_management"
	AuditLogManagement          model.Permit = "audit_log_management"
	InjectExternalEvents        model.Permit = "inject_external_events"
	InjectExternalTasks         model.Permit = "inject_external_tasks"
)

// The permits of the affinity, profile and MAC pool family.
const (
	ManipulateAffinityGroups    model.Permit = "manipulate_affinity_groups"
	ConfigureStorageDiskProfile model.Permit = "configure_storage_disk_profile"
	CreateStorageDiskProfile    model.Permit = "create_storage_disk_profile"
	DeleteStorageDiskProfile    model.Permit = "delete_storage_disk_profile"
	AttachDiskProfile           model.Permit = "attach_disk_profile"
	CreateMACPool               model.Permit = "create_mac_pool"
	EditMACPool                 model.Permit = "edit_mac_pool"
	DeleteMACPool               model.Permit = "delete_mac_pool"
	ConfigureMACPool            model.Permit = "configure_mac_pool"
	ConnectToSerialConsole      model.Permit = "connect_to_serial_console"
	DeleteCPUProfile            model.Permit = "delete_cpu_profile"
	UpdateCPUProfile            model.Permit = "update_cpu_profile"
	CreateCPUProfile            model.Permit = "create_cpu_profile"
	AssignCPUProfile            model.Permit = "assign_cpu_profile"
)
