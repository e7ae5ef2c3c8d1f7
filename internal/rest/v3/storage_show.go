package v3

import (
	"slices"

	"vireo/internal/model"
)

// ShowStorageDomain shows a storage domain. Its state is shown where it is
// looked at as a part of a data center, and while it is unattached (api-v3 2.6).
func (p *Page) ShowStorageDomain(domain *model.StorageDomain, space model.Space, within bool) *StorageDomain {
	href := p.Href(model.KindStorageDomain, domain.ID)
	if within {
		href = below(p.Href(model.KindDataCenter, domain.DataCenter), "storagedomains", string(domain.ID))
	}
	out := &StorageDomain{Resource: p.resource("storage_domain", href, domain.ID)}
	if within {
		out.Resource = p.resource("attached_domain", href, domain.ID)
	}
	out.Link = slices.DeleteFunc(out.Link, func(l Link) bool {
		of, only := linksOf[l.Rel]
		return only && of != domain.Type
	})
	out.describe(domain.Name, domain.Description, domain.Comment)
	if domain.DataCenter != "" {
		out.DataCenter = p.ref(model.KindDataCenter, domain.DataCenter)
		out.DataCenters = &DataCenterReferences{DataCenter: []Reference{*out.DataCenter}}
	}
	out.Type = new(string(domain.Type))
	if within || domain.DataCenter == "" {
		out.Status = &Status{State: string(domain.Status), Detail: text(domain.StatusDetail)}
	}
	out.Master = new(domain.Master)
	out.Storage = showStorage(domain)
	if space.Available+space.Used > 0 {
		out.Available = new(space.Available)
		out.Used = new(space.Used)
	}
	out.Committed = new(space.Committed)
	out.StorageFormat = text(domain.Format)
	out.WipeAfterDelete = new(domain.WipeAfterDelete)
	return out
}

// linksOf are the collections that only domains of a type have.
var linksOf = map[string]model.StorageDomainType{
	"files": model.StorageDomainISO, "vms": model.StorageDomainExport, "templates": model.StorageDomainExport,
}

func showStorage(domain *model.StorageDomain) *Storage {
	out := &Storage{
		Address: text(domain.Address), Type: new(string(domain.StorageType)), Path: new(domain.Path),
		MountOptions: text(domain.MountOptions), VFSType: text(domain.VFSType), NFSVersion: text(domain.NFSVersion),
	}
	if domain.NFSTimeout != 0 {
		out.NFSTimeout = new(uint16(domain.NFSTimeout))
	}
	if domain.NFSRetransmissions != 0 {
		out.NFSRetransmissions = new(uint16(domain.NFSRetransmissions))
	}
	return out
}

// ShowFile shows a file of an ISO domain.
func (p *Page) ShowFile(file *model.File) *File {
	domain := p.Href(model.KindStorageDomain, file.StorageDomain)
	out := &File{Resource: p.resource("file", below(domain, "files", file.Name), model.ID(file.Name))}
	out.Name = new(file.Name)
	out.Type = text(file.Type)
	out.StorageDomain = p.ref(model.KindStorageDomain, file.StorageDomain)
	return out
}

// ShowDisk shows a disk of the collection of all disks; vms are those that it is
// attached to, template is the one that it belongs to, empty for none.
func (p *Page) ShowDisk(disk *model.Disk, vms []model.ID, template model.ID) *Disk {
	out := p.showDisk(p.top(model.KindDisk, disk.ID), disk)
	out.Template = p.ref(model.KindTemplate, template)
	out.Interface = text(disk.Interface)
	out.Bootable = new(disk.Bootable)
	if len(vms) > 0 {
		out.VMs = &VMReferences{}
		for _, vm := range vms {
			out.VMs.VM = append(out.VMs.VM, *p.ref(model.KindVM, vm))
		}
	}
	return out
}

// ShowVMDisk shows a disk as it is attached to a VM.
func (p *Page) ShowVMDisk(disk *model.Disk, attachment *model.DiskAttachment, vm model.ID) *Disk {
	href := below(p.Href(model.KindVM, vm), "disks", string(disk.ID))
	out := p.showDisk(p.resource("vm_disk", href, disk.ID), disk)
	out.VM = p.ref(model.KindVM, vm)
	out.Interface = text(attachment.Interface)
	out.Bootable = new(attachment.Bootable)
	out.Active = new(attachment.Active)
	out.ReadOnly = new(attachment.ReadOnly)
	return out
}

func (p *Page) showDisk(resource Resource, disk *model.Disk) *Disk {
	out := &Disk{Resource: resource}
	out.Name = new(disk.Alias)
	out.Description = new(disk.Description)
	out.Alias = new(disk.Alias)
	out.ImageID = text(disk.Volume)
	if domain := p.ref(model.KindStorageDomain, disk.StorageDomain); domain != nil {
		out.StorageDomains = &StorageDomainReferences{StorageDomain: []Reference{*domain}}
	}
	out.Size = new(disk.ProvisionedSize)
	out.ProvisionedSize = new(disk.ProvisionedSize)
	out.ActualSize = new(disk.ActualSize)
	out.Status = &Status{State: string(disk.Status)}
	out.Format = text(disk.Format)
	out.Sparse = new(disk.Sparse)
	out.Shareable = new(disk.Shareable)
	out.WipeAfterDelete = new(disk.WipeAfterDelete)
	out.PropagateErrors = new(disk.PropagateErrors)
	out.StorageType = new("image")
	return out
}

// CheckAdd refuses a disk to be made that lacks a mandatory parameter, or is of
// a sort that cannot be made (api-v3 6.1).
func (s *Disk) CheckAdd() error {
	if s.LUNStorage != nil {
		return unsupported("Disks on logical units are not supported.")
	}
	need := required{subject: "Disk", method: "add"}
	need.need(s.ProvisionedSize != nil || s.Size != nil, "provisionedSize|size")
	need.need(s.Interface != nil, "interface")
	need.need(s.Format != nil, "format")
	return need.check()
}

// ApplyDisk changes a disk itself by the elements that the request has.
func (s *Disk) ApplyDisk(to *model.Disk, find Finder) error {
	if err := s.checkAbsent(); err != nil {
		return err
	}
	set(&to.Alias, s.Name)
	set(&to.Alias, s.Alias)
	set(&to.Description, s.Description)
	set(&to.ProvisionedSize, s.Size)
	set(&to.ProvisionedSize, s.ProvisionedSize)
	set(&to.Sparse, s.Sparse)
	set(&to.Bootable, s.Bootable)
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

// ApplyAttachment changes how a disk is attached by the elements that the
// request has.
func (s *Disk) ApplyAttachment(to *model.DiskAttachment) error {
	set(&to.Bootable, s.Bootable)
	set(&to.Active, s.Active)
	set(&to.ReadOnly, s.ReadOnly)
	return setMember(&to.Interface, "DiskInterface", diskInterfaces, s.Interface)
}

// ShowCDROM shows the CD drive of a VM with the medium in it, empty for none. The
// file is addressed in its ISO domain, if that is known.
func (p *Page) ShowCDROM(vm model.ID, medium string, domain model.ID) *CDROM {
	href := below(p.Href(model.KindVM, vm), "cdroms", string(model.BlankID))
	out := &CDROM{Resource: p.resource("cdrom", href, model.BlankID)}
	out.VM = p.ref(model.KindVM, vm)
	out.File = p.medium(medium, domain)
	return out
}

// medium is what is in a CD drive; nil for nothing.
func (p *Page) medium(name string, domain model.ID) *File {
	if name == "" {
		return nil
	}
	file := &File{}
	file.ID = new(name)
	if domain != "" {
		file.Href = below(p.Href(model.KindStorageDomain, domain), "files", name)
	}
	return file
}

// Medium is the file that a request puts into the drive: empty for an empty id,
// which ejects. It refuses a request without file id (api-v3 6.1).
func (s *CDROM) Medium(method string) (string, error) {
	if s.File == nil || s.File.ID == nil {
		return "", Incomplete("CdRom", method, "file.id")
	}
	return *s.File.ID, nil
}
