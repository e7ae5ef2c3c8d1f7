package auth

import "vireo/internal/model"

// PermitFacts is what the API shows of a permit.
type PermitFacts struct {
	// ID is the fixed number, shown as text in both versions of the API.
	ID   int
	Name model.Permit
	// Administrative permits are for administrative roles only.
	Administrative bool
}

// Permits lists every permit in the order of the numbers (api-v4 C.2, of which
// api-v3 appendix C is a part). The slice is the caller's own.
func Permits() []PermitFacts { return append([]PermitFacts(nil), permits...) }

// PermitNamed finds a permit by its lower-case name.
func PermitNamed(name model.Permit) (PermitFacts, bool) {
	facts, known := permitsByName[name]
	return facts, known
}

// PermitNumbered finds a permit by its number.
func PermitNumbered(id int) (PermitFacts, bool) {
	facts, known := permitsByID[id]
	return facts, known
}

var permitsByName, permitsByID = indexPermits()

func indexPermits() (map[model.Permit]PermitFacts, map[int]PermitFacts) {
	byName := make(map[model.Permit]PermitFacts, len(permits))
	byID := make(map[int]PermitFacts, len(permits))
	for _, facts := range permits {
		byName[facts.Name] = facts
		byID[facts.ID] = facts
	}
	return byName, byID
}

var permits = []PermitFacts{
	{1, CreateVM, false},
	{2, DeleteVM, false},
	{3, EditVMProperties, false},
	{5, ChangeVMCD, false},
	{6, MigrateVM, false},
	{7, ConnectToVM, false},
	{8, ImportExportVM, true},
	{9, ConfigureVMNetwork, false},
	{10, ConfigureVMStorage, false},
	{11, MoveVM, false},
	{12, ManipulateVMSnapshots, false},
	{13, ReconnectToVM, false},
	{14, ChangeVMCustomProperties, true},
	{15, EditAdminVMProperties, true},
	{16, CreateInstance, false},
	{17, RebootVM, false},
	{18, StopVM, false},
	{19, ShutDownVM, false},
	{21, HibernateVM, false},
	{22, RunVM, false},
	{23, ResetVM, false},
	{100, CreateHost, true},
	{101, EditHostConfiguration, true},
	{102, DeleteHost, true},
	{103, ManipulateHost, true},
	{104, ConfigureHostNetwork, true},
	{200, CreateTemplate, false},
	{201, EditTemplateProperties, false},
	{202, DeleteTemplate, false},
	{203, CopyTemplate, false},
	{204, ConfigureTemplateNetwork, false},
	{205, EditAdminTemplateProperties, true},
	{300, CreateVMPool, false},
	{301, EditVMPoolConfiguration, false},
	{302, DeleteVMPool, false},
	{303, VMPoolBasicOperations, false},
	{400, CreateCluster, true},
	{401, EditClusterConfiguration, true},
	{402, DeleteCluster, true},
	{403, ConfigureClusterNetwork, true},
	{404, AssignClusterNetwork, true},
	{500, ManipulateUsers, true},
	{501, ManipulateRoles, true},
	{502, ManipulatePermissions, false},
	{503, AddUsersAndGroupsFromDirectory, false},
	{504, EditProfile, false},
	{600, CreateStorageDomain, true},
	{601, EditStorageDomainConfiguration, true},
	{602, DeleteStorageDomain, true},
	{603, ManipulateStorageDomain, true},
	{700, CreateStoragePool, true},
	{701, DeleteStoragePool, true},
	{702, EditStoragePoolConfiguration, true},
	{703, ConfigureStoragePoolNetwork, true},
	{704, CreateStoragePoolNetwork, true},
	{705, DeleteStoragePoolNetwork, true},
	{800, ConfigureEngine, true},
	{900, ConfigureQuota, true},
	{901, ConsumeQuota, false},
	{1000, CreateGlusterVolume, true},
	{1001, ManipulateGlusterVolume, true},
	{1002, DeleteGlusterVolume, true},
	{1003, ManipulateGlusterHook, true},
	{1004, ManipulateGlusterService, true},
	{1100, CreateDisk, false},
	{1101, AttachDisk, false},
	{1102, EditDiskProperties, false},
	{1103, ConfigureDiskStorage, false},
	{1104, DeleteDisk, false},
	{1105, ConfigureSCSIGenericIO, true},
	{1106, AccessImageStorage, false},
	{1107, DiskLiveStorageMigration, false},
	{1108, SparsifyDisk, false},
	{1109, ReduceDisk, true},
	{1110, BackupDisk, true},
	{1203, ConfigureNetworkVNICProfile, true},
	{1204, CreateNetworkVNICProfile, true},
	{1205, DeleteNetworkVNICProfile, true},
	{1300, Login, false},
	{1301, TagManagement, true},
	{1302, BookmarkManagement, true},
	{1303, EventNotificationManagement, true},
	{1304, AuditLogManagement, true},
	{1400, InjectExternalEvents, true},
	{1500, InjectExternalTasks, true},
	{1550, ManipulateAffinityGroups, true},
	{1560, ConfigureStorageDiskProfile, true},
	{1561, CreateStorageDiskProfile, true},
	{1562, DeleteStorageDiskProfile, true},
	{1563, AttachDiskProfile, false},
	{1660, CreateMACPool, true},
	{1661, EditMACPool, true},
	{1662, DeleteMACPool, true},
	{1663, ConfigureMACPool, true},
	{1664, ConnectToSerialConsole, false},
	{1665, DeleteCPUProfile, true},
	{1666, UpdateCPUProfile, true},
	{1667, CreateCPUProfile, true},
	{1668, AssignCPUProfile, true},
}
