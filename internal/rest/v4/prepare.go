package v4

import "vireo/internal/rest/wire"

// Prepare compiles every root shape, and panics at one that cannot be represented: a
// mistake is noticed when the program starts.
func Prepare() {
	wire.Prepare(API{}, Action{}, Fault{}, Creation{}, DataCenter{}, DataCenters{}, Cluster{}, Clusters{}, Host{}, Hosts{},
		StorageDomain{}, StorageDomains{}, Disk{}, Disks{}, ImageTransfer{}, ImageTransfers{}, ExternalVMImport{}, ExternalTemplateImport{}, VMPool{}, VMPools{}, GraphicsConsole{}, GraphicsConsoles{},
		Tag{}, Tags{}, User{}, Users{}, Group{}, Groups{}, Domain{}, Domains{}, Role{}, Roles{}, Permit{}, Permits{}, Permission{}, Permissions{},
		Job{}, Jobs{}, Step{}, Steps{}, Event{}, Events{})
}
