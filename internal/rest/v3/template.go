package v3

import (
	"vireo/internal/model"
)

// Template is a template (api-v3 2.6). VM and Permissions belong to requests.
type Template struct {
	VMBase
	VM          *VM              `wire:"vm"`
	Version     *TemplateVersion `wire:"version"`
	Permissions *Permissions     `wire:"permissions"`
}

// Templates is a list of templates.
type Templates struct {
	Collection
	Template []Template `wire:"template"`
}

// TemplateVersion is version of a template.
type TemplateVersion struct {
	BaseTemplate  *Reference `wire:"base_template"`
	VersionNumber *int       `wire:"version_number"`
	VersionName   *string    `wire:"version_name"`
}

// ShowTemplate shows a template.
func (p *Page) ShowTemplate(template *model.Template) *Template {
	out := &Template{VMBase: p.showBase(p.top(model.KindTemplate, template.ID), &template.VMConfig)}
	out.Status = &Status{State: string(model.TemplateOK)}
	if template.Status != "" {
		out.Status.State = string(template.Status)
	}
	out.CreationTime = new(template.CreationTime)
	base := template.ID
	if template.Base != "" {
		base = template.Base
	}
	out.Version = &TemplateVersion{
		BaseTemplate: p.ref(model.KindTemplate, base), VersionNumber: new(max(template.VersionNumber, 1)),
		VersionName: text(template.VersionName),
	}
	return out
}

// ShowTemplateDisk shows a disk as one of a template.
func (p *Page) ShowTemplateDisk(disk *model.Disk, attachment *model.DiskAttachment, template model.ID) *Disk {
	href := below(p.Href(model.KindTemplate, template), "disks", string(disk.ID))
	out := p.showDisk(p.resource("template_disk", href, disk.ID), disk)
	out.Template = p.ref(model.KindTemplate, template)
	out.Interface = text(attachment.Interface)
	out.Bootable = new(attachment.Bootable)
	out.ReadOnly = new(attachment.ReadOnly)
	return out
}

// ShowTemplateNIC shows a network interface of a template: without an address, since
// each VM that is made of it gets one of its own.
func (p *Page) ShowTemplateNIC(nic *model.NIC, template model.ID) *NIC {
	href := below(p.Href(model.KindTemplate, template), "nics", string(nic.ID))
	out := p.showNIC(p.resource("template_nic", href, nic.ID), nic)
	out.Template = p.ref(model.KindTemplate, template)
	return out
}

// ShowTemplateCDROM shows the CD drive of a template: see ShowCDROM.
func (p *Page) ShowTemplateCDROM(template *model.Template, domain model.ID) *CDROM {
	href := below(p.Href(model.KindTemplate, template.ID), "cdroms", string(model.BlankID))
	out := &CDROM{Resource: p.resource("template_cdrom", href, model.BlankID)}
	out.Template = p.ref(model.KindTemplate, template.ID)
	out.File = p.medium(template.CDROM, domain)
	return out
}

// CheckAdd refuses a template to be made that lacks a mandatory parameter (api-v3 6.2).
func (s *Template) CheckAdd() error {
	need := required{subject: "Template", method: "add"}
	need.need(s.Name != nil && *s.Name != "", "name")
	need.need(s.Source().given(), "vm.id|name")
	return need.check()
}

// Source is the VM that a template is to be made of, as the request names it.
func (s *Template) Source() *Reference {
	if s.VM == nil {
		return nil
	}
	return s.VM.Reference()
}

// Apply changes a template by the elements that the request has.
func (s *Template) Apply(to *model.Template, find Finder) error {
	if err := (&VM{VMBase: s.VMBase}).checkAbsent(); err != nil {
		return err
	}
	if s.Version != nil {
		set(&to.VersionName, s.Version.VersionName)
		if err := setReference(&to.Base, s.Version.BaseTemplate, model.KindTemplate, find); err != nil {
			return err
		}
	}
	return s.apply(&to.VMConfig, find)
}

// Wish is how a disk that is made of another is to differ from it: the elements of a
// request that say so. What they leave open is empty.
type Wish struct {
	Of, StorageDomain model.ID
	Alias             string
	Description       *string
	Format            model.DiskFormat
	Sparse            *bool
}

// Wishes reads disks of a request that makes something of a template, or of a VM; all
// is a storage domain for those that name none, and may be nil.
func (s *Disks) Wishes(all *Reference, find Finder) ([]Wish, error) {
	var wishes []Wish
	if all.given() {
		var rest Wish
		if err := setReference(&rest.StorageDomain, all, model.KindStorageDomain, find); err != nil {
			return nil, err
		}
		wishes = append(wishes, rest)
	}
	if s == nil {
		return wishes, nil
	}
	for i := range s.Disk {
		wish, err := s.Disk[i].wish(find)
		if err != nil {
			return nil, err
		}
		wishes = append(wishes, wish)
	}
	return wishes, nil
}

func (s *Disk) wish(find Finder) (Wish, error) {
	var read model.Disk
	wish := Wish{Description: s.Description, Sparse: s.Sparse}
	if s.ID == nil || *s.ID == "" {
		return wish, Incomplete("Disk", "add", "id")
	}
	of, err := (&Reference{ID: s.ID}).Resolve(model.KindDisk, find)
	if err != nil {
		return wish, err
	}
	if err := s.ApplyDisk(&read, find); err != nil {
		return wish, err
	}
	wish.Of, wish.StorageDomain, wish.Alias, wish.Format = of, read.StorageDomain, read.Alias, read.Format
	return wish, nil
}
