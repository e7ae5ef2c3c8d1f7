package v3

import (
	"strings"

	"vireo/internal/model"
)

// foreignStorage are types of storage that version 3 has and this engine has not.
var foreignStorage = []string{"iscsi", "fcp", "glusterfs", "glance", "cinder"}

// CheckAdd refuses a storage domain to be added that lacks a mandatory parameter, or
// is of a sort that cannot be (api-v3 6.3). The name of one that is imported may be
// left to the domain.
func (s *StorageDomain) CheckAdd() error {
	need := required{subject: "StorageDomain", method: "add"}
	need.need(s.Host.given(), "host.id|name")
	need.need(filled(s.Type), "type")
	if s.Storage == nil {
		need.need(false, "storage")
		return need.check()
	}
	need.need(filled(s.Storage.Type), "storage.type")
	if err := need.check(); err != nil {
		return err
	}
	for _, word := range foreignStorage {
		if strings.EqualFold(*s.Storage.Type, word) {
			return unsupported("Storage domains of type " + word + " are not supported; there are nfs, localfs and posixfs.")
		}
	}
	need.need(!strings.EqualFold(*s.Storage.Type, string(model.StorageNFS)) || filled(s.Storage.Address), "storage.address")
	need.need(filled(s.Storage.Path), "storage.path")
	need.need(!strings.EqualFold(*s.Storage.Type, string(model.StoragePosixFS)) || filled(s.Storage.VFSType), "storage.vfsType")
	need.need(filled(s.Name) || s.Import != nil && *s.Import, "name")
	return need.check()
}

func filled(text *string) bool { return text != nil && *text != "" }

// ApplyAdd fills in a new storage domain by the elements that the request has.
func (s *StorageDomain) ApplyAdd(to *model.StorageDomain) error {
	s.ApplyUpdate(to)
	if s.ID != nil && *s.ID != "" {
		id, err := model.ParseID(*s.ID)
		if err != nil {
			return invalidID(*s.ID, model.KindStorageDomain)
		}
		to.ID = id
	}
	if err := setMember(&to.Type, "StorageDomainType", domainTypes, s.Type); err != nil {
		return err
	}
	if s.StorageFormat != nil {
		to.Format = strings.ToLower(*s.StorageFormat)
	}
	storage := s.Storage
	if storage == nil {
		return nil
	}
	set(&to.Address, storage.Address)
	set(&to.Path, storage.Path)
	set(&to.MountOptions, storage.MountOptions)
	set(&to.VFSType, storage.VFSType)
	if storage.NFSTimeout != nil {
		to.NFSTimeout = int(*storage.NFSTimeout)
	}
	if storage.NFSRetransmissions != nil {
		to.NFSRetransmissions = int(*storage.NFSRetransmissions)
	}
	if storage.NFSVersion != nil {
		to.NFSVersion = strings.ToLower(*storage.NFSVersion)
	}
	return setMember(&to.StorageType, "StorageType", storageTypes, storage.Type)
}

// ApplyUpdate changes what can be changed of a storage domain.
func (s *StorageDomain) ApplyUpdate(to *model.StorageDomain) {
	set(&to.Name, s.Name)
	set(&to.Description, s.Description)
	set(&to.Comment, s.Comment)
	set(&to.WipeAfterDelete, s.WipeAfterDelete)
}

// CheckRemove refuses to remove a domain from no host (api-v3 6.3). A domain that is
// destroyed is not looked at, and needs none.
func (s *StorageDomain) CheckRemove() error {
	need := required{subject: "StorageDomain", method: "remove"}
	need.need(s.Host.given() || s.Destroy != nil && *s.Destroy, "host.id|name")
	return need.check()
}

// CheckAttach refuses to attach a storage domain that is not named.
func (s *StorageDomain) CheckAttach() error {
	need := required{subject: "StorageDomain", method: "add"}
	need.need(s.Reference().given(), "id|name")
	return need.check()
}
