package v4

// StorageDomain is a storage domain (api-v4 3.6). Its sizes are in bytes.
type StorageDomain struct {
	Resource
	Available       *int64                `wire:"available"`
	Committed       *int64                `wire:"committed"`
	ExternalStatus  *string               `wire:"external_status"`
	Master          *bool                 `wire:"master"`
	Status          *string               `wire:"status"`
	Storage         *HostStorage          `wire:"storage"`
	StorageFormat   *string               `wire:"storage_format"`
	Type            *string               `wire:"type"`
	Used            *int64                `wire:"used"`
	WipeAfterDelete *bool                 `wire:"wipe_after_delete"`
	DataCenter      *Reference            `wire:"data_center"`
	DataCenters     *DataCenterReferences `wire:"data_centers"`
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

// HostStorage says where a storage domain is.
type HostStorage struct {
	Address *string `wire:"address"`
	Path    *string `wire:"path"`
	Type    *string `wire:"type"`
}

// Disk is a disk (api-v4 3.5). Its sizes are in bytes.
type Disk struct {
	Resource
	ActualSize      *int64                   `wire:"actual_size"`
	Alias           *string                  `wire:"alias"`
	Backup          *string                  `wire:"backup"`
	ContentType     *string                  `wire:"content_type"`
	Format          *string                  `wire:"format"`
	ImageID         *string                  `wire:"image_id"`
	InitialSize     *int64                   `wire:"initial_size"`
	Interface       *string                  `wire:"interface"`
	LUNStorage      *HostStorage             `wire:"lun_storage"`
	PropagateErrors *bool                    `wire:"propagate_errors"`
	ProvisionedSize *int64                   `wire:"provisioned_size"`
	QcowVersion     *string                  `wire:"qcow_version"`
	Shareable       *bool                    `wire:"shareable"`
	Sparse          *bool                    `wire:"sparse"`
	Status          *string                  `wire:"status"`
	StorageType     *string                  `wire:"storage_type"`
	TotalSize       *int64                   `wire:"total_size"`
	WipeAfterDelete *bool                    `wire:"wipe_after_delete"`
	StorageDomain   *Reference               `wire:"storage_domain"`
	StorageDomains  *StorageDomainReferences `wire:"storage_domains"`
	VMs             *VMReferences            `wire:"vms"`
}

// Disks is a list of disks.
type Disks struct {
	Collection
	Disk []Disk `wire:"disk"`
}

// StorageDomainReferences is storage_domains of a disk.
type StorageDomainReferences struct {
	StorageDomain []Reference `wire:"storage_domain"`
}

// VMReferences is vms of a disk.
type VMReferences struct {
	VM []Reference `wire:"vm"`
}
