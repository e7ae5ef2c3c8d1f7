package v4

import (
	"vireo/internal/fault"
	"vireo/internal/model"
)

// CheckAdd refuses a disk to be made that lacks a mandatory parameter, or is of a sort
// that cannot be made (api-v4 appendix B).
func (s *Disk) CheckAdd() error {
	switch {
	case s.LUNStorage != nil:
		return unsupported("Disks on logical units are not supported.")
	case s.ContentType != nil && *s.ContentType != "data":
		return unsupported("Disks of the content type " + shorten(*s.ContentType) + " are not supported; put ISO files into the ISO domain.")
	}
	need := required{subject: "Disk", method: "add"}
	need.need(s.ProvisionedSize != nil, "provisionedSize")
	need.need(s.Format != nil, "format")
	return need.check()
}

// ApplyNew makes the disk that a client asks for. It may choose the id.
func (s *Disk) ApplyNew(to *model.Disk, find Finder) error {
	to.Interface = model.DiskVirtio // where it is attached says it anew
	if s.ID != nil && *s.ID != "" {
		id, err := model.ParseID(*s.ID)
		if err != nil {
			return fault.Bad("Invalid value", "The id "+shorten(*s.ID)+" is no UUID.")
		}
		to.ID = id
	}
	return s.Apply(to, find)
}

// Apply changes a disk by the elements that the request has.
func (s *Disk) Apply(to *model.Disk, find Finder) error {
	set(&to.Alias, s.Name)
	set(&to.Alias, s.Alias)
	set(&to.Description, s.Description)
	set(&to.ProvisionedSize, s.ProvisionedSize)
	set(&to.Sparse, s.Sparse)
	set(&to.Shareable, s.Shareable)
	set(&to.WipeAfterDelete, s.WipeAfterDelete)
	set(&to.PropagateErrors, s.PropagateErrors)
	if err := setMember(&to.Interface, "DiskInterface", diskInterfaces, s.Interface); err != nil {
		return err
	}
	if err := setMember(&to.Format, "DiskFormat", diskFormats, s.Format); err != nil {
		return err
	}
	return setReference(&to.StorageDomain, s.storageDomain(), model.KindStorageDomain, find)
}

// storageDomain is the first of the storage domains, or the older single one.
func (s *Disk) storageDomain() *Reference {
	if s.StorageDomains != nil {
		for i := range s.StorageDomains.StorageDomain {
			if reference := &s.StorageDomains.StorageDomain[i]; reference.given() {
				return reference
			}
		}
	}
	return s.StorageDomain
}
