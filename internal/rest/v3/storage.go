package v3

// StorageDomain is a storage domain (api-v3 2.6). Its sizes are in bytes.
type StorageDomain struct {
	Resource
	DataCenter      *Reference            `wire:"data_center"`
	DataCenters     *DataCenterReferences `wire:"data_centers"`
	Type            *string               `wire:"type"`
	Status          *Status               `wire:"status"`
	Master          *bool                 `wire:"master"`
	Storage         *Storage              `wire:"storage"`
	Host            *Reference            `wire:"host"`
	Format          *bool                 `wire:"format"`
	Destroy         *bool                 `wire:"destroy"`
	Available       *int64                `wire:"available"`
	Used            *int64                `wire:"used"`
	Committed       *int64                `wire:"committed"`
	StorageFormat   *string               `wire:"storage_format"`
	WipeAfterDelete *bool                 `wire:"wipe_after_delete"`
	Import          *bool                 `wire:"import"`
}

// StorageDomains is a list of storage domains.
type StorageDomains struct {
	Collection
	StorageDomain []StorageDomain `wire:"storage_domain"`
}

// DataCenterReferences is data_centers of a storage domain.
type DataCenterReferences struct {
	DataCenter []Reference `wire:"data_center"`
}

// Storage says where a storage domain is.
type Storage struct {
	Address            *string `wire:"address"`
	Type               *string `wire:"type"`
	Path               *string `wire:"path"`
	MountOptions       *string `wire:"mount_options"`
	VFSType            *string `wire:"vfs_type"`
	NFSVersion         *string `wire:"nfs_version"`
	NFSTimeout         *uint16 `wire:"nfs_timeo"`
	NFSRetransmissions *uint16 `wire:"nfs_retrans"`
}

// Disk is a disk, of a VM, of a template or alone (api-v3 2.6). Its sizes are in bytes.
type Disk struct {
	Resource
	Template        *Reference               `wire:"template"`
	VMs             *VMReferences            `wire:"vms"`
	VM              *Reference               `wire:"vm"`
	Alias           *string                  `wire:"alias"`
	ImageID         *string                  `wire:"image_id"`
	StorageDomain   *Reference               `wire:"storage_domain"`
	StorageDomains  *StorageDomainReferences `wire:"storage_domains"`
	Size            *int64                   `wire:"size"`
	Type            *string                  `wire:"type"`
	ProvisionedSize *int64                   `wire:"provisioned_size"`
	ActualSize      *int64                   `wire:"actual_size"`
	Status          *Status                  `wire:"status"`
	Interface       *string                  `wire:"interface"`
	Format          *string                  `wire:"format"`
	Sparse          *bool                    `wire:"sparse"`
	Bootable        *bool                    `wire:"bootable"`
	Shareable       *bool                    `wire:"shareable"`
	WipeAfterDelete *bool                    `wire:"wipe_after_delete"`
	PropagateErrors *bool                    `wire:"propagate_errors"`
	Statistics      *Statistics              `wire:"statistics"`
	Active          *bool                    `wire:"active"`
	ReadOnly        *bool                    `wire:"read_only"`
	Quota           *Reference               `wire:"quota"`
	LUNStorage      *Storage                 `wire:"lun_storage"`
	Snapshot        *Reference               `wire:"snapshot"`
	DiskProfile     *Reference               `wire:"disk_profile"`
	LogicalName     *string                  `wire:"logical_name"`
	StorageType     *string                  `wire:"storage_type"`
}

// Disks is a list of disks; Clone and DetachOnly belong to requests.
type Disks struct {
	Collection
	Disk       []Disk `wire:"disk"`
	Clone      *bool  `wire:"clone"`
	DetachOnly *bool  `wire:"detach_only"`
}

// VMReferences is vms of a disk.
type VMReferences struct {
	VM []Reference `wire:"vm"`
}

// StorageDomainReferences is storage_domains of a disk.
type StorageDomainReferences struct {
	StorageDomain []Reference `wire:"storage_domain"`
}

// File is a file of an ISO domain. The content that the schema demands is
// megabytes, so it is left out, as the engine 3.6 did.
type File struct {
	Resource
	Content       *string    `wire:"content"`
	Type          *string    `wire:"type"`
	StorageDomain *Reference `wire:"storage_domain"`
}

// Files is a list of files.
type Files struct {
	Collection
	File []File `wire:"file"`
}

// CDROM is the CD drive of a VM or template; a File with an empty id is no medium.
type CDROM struct {
	Resource
	Template *Reference `wire:"template"`
	VM       *Reference `wire:"vm"`
	File     *File      `wire:"file"`
}

// CDROMs is the list of the one CD drive.
type CDROMs struct {
	Collection
	CDROM []CDROM `wire:"cdrom"`
}
