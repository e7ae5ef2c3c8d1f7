package v3

import "vireo/internal/rest/wire"

// Prepare compiles every root shape, and panics at one that cannot be
// represented: a mistake is noticed when the program starts.
func Prepare() {
	wire.Prepare(API{}, Capabilities{}, VersionCapabilities{}, Action{}, Fault{}, UsageMessage{}, Creation{},
		DataCenter{}, DataCenters{}, Cluster{}, Clusters{}, AffinityGroup{}, AffinityGroups{}, AffinityGroupVM{}, Host{}, Hosts{}, Network{}, Networks{},
		StorageDomain{}, StorageDomains{}, File{}, Files{}, Disk{}, Disks{}, CDROM{}, CDROMs{},
		Template{}, Templates{}, Tag{}, Tags{}, VM{}, VMs{}, VMPool{}, VMPools{}, NIC{}, NICs{}, Statistic{}, Statistics{},
		ReportedDevice{}, ReportedDevices{}, Application{}, Applications{}, Session{}, Sessions{}, GraphicsConsole{}, GraphicsConsoles{},
		User{}, Users{}, Group{}, Groups{}, DirectoryDomain{}, Domains{}, Role{}, Roles{}, Permit{}, Permits{}, Permission{}, Permissions{},
		Job{}, Jobs{}, Step{}, Steps{}, Event{}, Events{})
}
