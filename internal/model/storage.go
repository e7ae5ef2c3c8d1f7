package model

import "time"

// StorageDomain is a directory with disk images, ISO files or exported VMs.
type StorageDomain struct {
	ID          ID                `json:"id"`
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	Comment     string            `json:"comment,omitempty"`
	Type        StorageDomainType `json:"type"`
	// StorageType, Address and Path say where it is, as whoever added it said it:
	// a directory for localfs, what is mounted for the others.
	StorageType StorageType `json:"storage_type"`
	Address     string      `json:"address,omitempty"`
	Path        string      `json:"path"`
	// VFSType is the file system of posixfs; MountOptions are further options of the
	// mount, comma-separated.
	VFSType      string `json:"vfs_type,omitempty"`
	MountOptions string `json:"mount_options,omitempty"`
	// NFSVersion is auto, v3, v4 or v4_1; NFSTimeout is in tenths of a second; 0, like
	// that of NFSRetransmissions, leaves it to the client.
	NFSVersion         string `json:"nfs_version,omitempty"`
	NFSTimeout         int    `json:"nfs_timeout,omitempty"`
	NFSRetransmissions int    `json:"nfs_retransmissions,omitempty"`
	// Mount is the directory where it is mounted, on the engine's machine and on
	// hosts; empty for localfs. See Dir.
	Mount string `json:"mount,omitempty"`
	// DataCenter is empty while unattached.
	DataCenter ID `json:"data_center,omitempty"`
	// Engine is the engine that it was added to, written into its metadata while it
	// is attached.
	Engine       ID                  `json:"engine,omitempty"`
	Status       StorageDomainStatus `json:"status"`
	StatusDetail string              `json:"status_detail,omitempty"`
	// Master says that it is the data center's master domain.
	Master bool `json:"master,omitempty"`
	// Format is v1, v2 or v3.
	Format string `json:"format"`
	// WipeAfterDelete is what disks that are made in it start with.
	WipeAfterDelete bool `json:"wipe_after_delete,omitempty"`
	// Full says that it is inactive because nothing more can be written: what makes
	// room is allowed. LowSpace says that a warning of that was given.
	Full     bool `json:"full,omitempty"`
	LowSpace bool `json:"low_space,omitempty"`
	// Since is when its status was entered.
	Since time.Time `json:"since"`
}

// Dir is the directory that the domain's own root, called by its id, lies in.
func (s *StorageDomain) Dir() string {
	if s.Mount != "" {
		return s.Mount
	}
	return s.Path
}

// Place is where it is in one text, as mount prints it: address:path, or the path.
func (s *StorageDomain) Place() string {
	if s.Address != "" {
		return s.Address + ":" + s.Path
	}
	return s.Path
}

// Connected says whether a domain in this status is mounted and used.
func (s StorageDomainStatus) Connected() bool {
	return s == StorageDomainActive || s == StorageDomainInactive
}

// Ref names the storage domain.
func (s *StorageDomain) Ref() Ref { return Ref{KindStorageDomain, s.ID} }

// ObjectName is its name.
func (s *StorageDomain) ObjectName() string { return s.Name }

// Disk is a disk image with one or more volumes in one storage domain.
type Disk struct {
	ID          ID     `json:"id"`
	Alias       string `json:"alias"`
	Description string `json:"description,omitempty"`
	// StorageDomain holds the image group, whose id is the disk's.
	StorageDomain ID `json:"storage_domain"`
	// Volume is the active volume (image_id in the API), Format its format.
	Volume ID         `json:"volume"`
	Format DiskFormat `json:"format"`
	// Chain is what the active volume stands on, the base first: a volume for each
	// snapshot, and before them the one of the template that the disk was made from.
	// Empty for a disk that stands alone.
	Chain []Volume `json:"chain,omitempty"`
	// Sparse is thin provisioning; otherwise the space is preallocated.
	Sparse bool `json:"sparse"`
	// ProvisionedSize is the virtual size in bytes; ActualSize what it occupies.
	ProvisionedSize int64 `json:"provisioned_size"`
	ActualSize      int64 `json:"actual_size"`
	// Interface is the one given when the disk was made, the default when it is
	// attached.
	Interface       DiskInterface `json:"interface"`
	Bootable        bool          `json:"bootable,omitempty"`
	Shareable       bool          `json:"shareable,omitempty"`
	WipeAfterDelete bool          `json:"wipe_after_delete,omitempty"`
	PropagateErrors bool          `json:"propagate_errors,omitempty"`
	Status          DiskStatus    `json:"status"`
	CreationTime    time.Time     `json:"creation_time"`
	// Left are storage domains in which a move has left images that are not the disk
	// any more and could not be removed. What lies there must never be used.
	Left []ID `json:"left,omitempty"`
	// Adopted says that its image is one of a guest that was adopted: libvirt may have given
	// it to somebody else when that ended.
	Adopted bool `json:"adopted,omitempty"`
}

// Volume is one image of a disk that a later one stands on: it is only read.
type Volume struct {
	ID     ID         `json:"id"`
	Format DiskFormat `json:"format"`
	Sparse bool       `json:"sparse"`
	// Size is its virtual size in bytes.
	Size int64 `json:"size"`
	// Template is the template's disk whose volume it is; empty for one of the disk's
	// own. In the disk's image group it is another link to the same file.
	Template     ID        `json:"template,omitempty"`
	CreationTime time.Time `json:"creation_time"`
}

// Standing is the disk as it is at one of its volumes: that volume is the active one
// and the chain ends below it. False when the disk has no such volume.
func (d *Disk) Standing(volume ID) (*Disk, bool) {
	if volume == d.Volume {
		return d, true
	}
	for i, below := range d.Chain {
		if below.ID == volume {
			at := Clone(d)
			at.Volume, at.Format, at.Sparse, at.ProvisionedSize = below.ID, below.Format, below.Sparse, below.Size
			at.Chain = at.Chain[:i]
			return at, true
		}
	}
	return nil, false
}

// Ref names the disk.
func (d *Disk) Ref() Ref { return Ref{KindDisk, d.ID} }

// ObjectName is its alias.
func (d *Disk) ObjectName() string { return d.Alias }

// File is a file of an ISO domain; its id is its name.
type File struct {
	Name string `json:"name"`
	// Type is iso or vfd.
	Type string `json:"type"`
	// Size is in bytes.
	Size          int64 `json:"size"`
	StorageDomain ID    `json:"storage_domain"`
}

// Space is what is left of a storage domain, in bytes. Committed is the sum of
// the virtual sizes of its disks.
type Space struct {
	Available int64 `json:"available"`
	Used      int64 `json:"used"`
	Committed int64 `json:"committed"`
}
