package v3

import "vireo/internal/model"

// inDomain is the address of what lies in a storage domain.
func (p *Page) inDomain(domain model.ID, collection string, id model.ID) string {
	return below(p.Href(model.KindStorageDomain, domain), collection, string(id))
}

// ShowExportedVM shows a VM as it lies in an export domain.
func (p *Page) ShowExportedVM(vm *model.VM, domain model.ID) *VM {
	resting := *vm
	resting.Run = model.Run{Status: model.StatusDown}
	out := p.ShowVM(&resting, nil)
	out.Resource = p.renamed(out.Resource, "exported_vm", p.inDomain(domain, "vms", vm.ID), vm.ID)
	out.StorageDomain = p.ref(model.KindStorageDomain, domain)
	return out
}

// ShowExportedTemplate shows a template as it lies in an export domain.
func (p *Page) ShowExportedTemplate(template *model.Template, domain model.ID) *Template {
	out := p.ShowTemplate(template)
	out.Resource = p.renamed(out.Resource, "exported_template", p.inDomain(domain, "templates", template.ID), template.ID)
	return out
}

// renamed is a resource in another place, with the links and actions that it has there.
func (p *Page) renamed(was Resource, noun, href string, id model.ID) Resource {
	out := p.resource(noun, href, id)
	out.Name, out.Description, out.Comment = was.Name, was.Description, was.Comment
	return out
}

// ShowExportedDisk shows a disk of a VM, or of a template, as it lies in an export
// domain; parent is the latter's address there.
func (p *Page) ShowExportedDisk(disk *model.Disk, attachment *model.DiskAttachment, parent string) *Disk {
	out := p.showDisk(p.resource("exported_disk", below(parent, "disks", string(disk.ID)), disk.ID), disk)
	out.Interface, out.Bootable = text(attachment.Interface), new(attachment.Bootable)
	out.Active, out.ReadOnly = new(attachment.Active), new(attachment.ReadOnly)
	out.Status = &Status{State: string(model.DiskOK)}
	return out
}

// Collapses says whether an import is to make one volume of each disk.
func (s *VM) Collapses() bool {
	return s != nil && s.Snapshots != nil && s.Snapshots.CollapseSnapshots != nil && *s.Snapshots.CollapseSnapshots
}
