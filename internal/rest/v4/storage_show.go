package v4

import "vireo/internal/model"

// ShowStorageDomain shows a storage domain. Its status is shown where it is looked at
// as a part of a data center, and while it is unattached (api-v4 3.6).
func (p *Page) ShowStorageDomain(domain *model.StorageDomain, space model.Space, within bool) *StorageDomain {
	href := p.Href(model.KindStorageDomain, domain.ID)
	noun := "storage_domain"
	if within {
		href = below(p.Href(model.KindDataCenter, domain.DataCenter), "storagedomains", string(domain.ID))
		noun = "attached_storage_domain"
	}
	out := &StorageDomain{Resource: p.resource(noun, href, domain.ID)}
	out.describe(domain.Name, domain.Description, domain.Comment)
	out.Available, out.Used, out.Committed = new(space.Available), new(space.Used), new(space.Committed)
	out.ExternalStatus = new("ok")
	out.Master = new(domain.Master)
	if within || domain.DataCenter == "" {
		out.Status = text(domain.Status)
	}
	out.Storage = &HostStorage{Address: text(domain.Address), Path: new(domain.Path), Type: text(domain.StorageType)}
	out.StorageFormat = text(domain.Format)
	out.Type = text(domain.Type)
	out.WipeAfterDelete = new(false)
	if domain.DataCenter != "" {
		out.DataCenter = p.Ref(model.KindDataCenter, domain.DataCenter)
		out.DataCenters = &DataCenterReferences{DataCenter: []Reference{*out.DataCenter}}
	}
	return out
}

// ShowDisk shows a disk; vms are those that it is attached to, which only a request
// for all content is told (api-v4 3.5).
func (p *Page) ShowDisk(disk *model.Disk, vms []model.ID) *Disk {
	out := &Disk{Resource: p.top(model.KindDisk, disk.ID)}
	out.describe(disk.Alias, disk.Description, "")
	out.ActualSize, out.TotalSize = new(disk.ActualSize), new(disk.ActualSize)
	out.Alias = new(disk.Alias)
	out.Backup = new("none")
	out.ContentType = new("data")
	out.Format = text(disk.Format)
	out.ImageID = text(disk.Volume)
	out.PropagateErrors = new(disk.PropagateErrors)
	out.ProvisionedSize = new(disk.ProvisionedSize)
	if disk.Format == model.DiskCOW {
		out.QcowVersion = new("qcow2_v3")
	}
	out.Shareable = new(disk.Shareable)
	out.Sparse = new(disk.Sparse)
	out.Status = text(disk.Status)
	out.StorageType = new("image")
	out.WipeAfterDelete = new(disk.WipeAfterDelete)
	if domain := p.Ref(model.KindStorageDomain, disk.StorageDomain); domain != nil {
		out.StorageDomains = &StorageDomainReferences{StorageDomain: []Reference{*domain}}
	}
	if p.AllContent && len(vms) > 0 {
		out.VMs = &VMReferences{}
		for _, vm := range vms {
			out.VMs.VM = append(out.VMs.VM, *p.Ref(model.KindVM, vm))
		}
	}
	return out
}
