package rest

import (
	"slices"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
)

var templateList = collection[*model.Template]{
	root: "templates", item: "template", kind: templateKind,
	rows: func(r *request) ([]*model.Template, error) { return r.view.Templates(), nil },
	show: showTemplate,
}

var oneTemplate = object("template", (*request).templateOfPath, showTemplate)

func (r *request) templateOfPath() (*model.Template, error) {
	return r.view.Template(r.id("template"))
}

func showTemplate(r *request, template *model.Template) (any, error) {
	return r.page.ShowTemplate(template), nil
}

var templateDiskList = collection[engine.AttachedDisk]{
	root: "disks", item: "disk",
	rows: func(r *request) ([]engine.AttachedDisk, error) { return r.view.TemplateDisks(r.id("template")) },
	show: showTemplateDisk,
}

var oneTemplateDisk = object("disk", (*request).templateDisk, showTemplateDisk)

func (r *request) templateDisk() (engine.AttachedDisk, error) {
	disks, err := r.view.TemplateDisks(r.id("template"))
	if err != nil {
		return engine.AttachedDisk{}, err
	}
	i := slices.IndexFunc(disks, func(d engine.AttachedDisk) bool { return d.Disk.ID == r.id("disk") })
	if i < 0 {
		return engine.AttachedDisk{}, fault.Missing(string(r.id("disk")))
	}
	return disks[i], nil
}

func showTemplateDisk(r *request, a engine.AttachedDisk) (any, error) {
	return r.page.ShowTemplateDisk(a.Disk, a.Attachment, r.id("template")), nil
}

var templateNICList = collection[*model.NIC]{
	root: "nics", item: "nic",
	rows: func(r *request) ([]*model.NIC, error) {
		template, err := r.templateOfPath()
		if err != nil {
			return nil, err
		}
		found := make([]*model.NIC, len(template.NICs))
		for i := range template.NICs {
			found[i] = &template.NICs[i]
		}
		return found, nil
	},
	show: showTemplateNIC,
}

var oneTemplateNIC = object("nic", func(r *request) (*model.NIC, error) {
	template, err := r.templateOfPath()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(template.NICs, func(n model.NIC) bool { return n.ID == r.id("nic") })
	if i < 0 {
		return nil, fault.Missing(string(r.id("nic")))
	}
	return &template.NICs[i], nil
}, showTemplateNIC)

func showTemplateNIC(r *request, nic *model.NIC) (any, error) {
	return r.page.ShowTemplateNIC(nic, r.id("template")), nil
}

var templateCDROMList = collection[*v3.CDROM]{
	root: "cdroms", item: "cdrom",
	rows: func(r *request) ([]*v3.CDROM, error) {
		drive, err := r.templateDrive()
		return []*v3.CDROM{drive}, err
	},
	show: func(_ *request, drive *v3.CDROM) (any, error) { return drive, nil },
}

var oneTemplateCDROM = object("cdrom", func(r *request) (*v3.CDROM, error) {
	drive, err := r.templateDrive()
	if err == nil && r.id("cdrom") != model.BlankID {
		err = fault.Missing(string(r.id("cdrom")))
	}
	return drive, err
}, func(_ *request, drive *v3.CDROM) (any, error) { return drive, nil })

func (r *request) templateDrive() (*v3.CDROM, error) {
	template, err := r.templateOfPath()
	if err != nil {
		return nil, err
	}
	return r.page.ShowTemplateCDROM(template, r.isoDomain(template.Cluster)), nil
}
