package engine

import (
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// TemplateOf finds the template that a disk belongs to.
func TemplateOf(tx *inventory.Tx, disk model.ID) (*model.Template, bool) {
	for _, template := range tx.Templates.All() {
		for _, attachment := range template.Disks {
			if attachment.Disk == disk {
				return template, true
			}
		}
	}
	return nil, false
}

// CheckNoTemplate refuses a disk of a template: it is only read, for as long as there
// is the template, and goes with it.
func CheckNoTemplate(tx *inventory.Tx, verb string, disk *model.Disk) error {
	if template, ok := TemplateOf(tx, disk.ID); ok {
		return fault.New(fault.DiskOfTemplate, verb, disk.Alias, template.Name)
	}
	return nil
}

// Own are those of a VM's disks that nobody else has, or may have.
func Own(tx *inventory.Tx, attached []model.DiskAttachment) []model.DiskAttachment {
	var own []model.DiskAttachment
	for _, attachment := range attached {
		if disk, ok := tx.Disks.Get(attachment.Disk); ok && !disk.Shareable {
			own = append(own, attachment)
		}
	}
	return own
}

// Newest is the version of a template with the highest number, of those that can be
// used.
func Newest(all []*model.Template, of *model.Template) *model.Template {
	for _, other := range all {
		usable := other.Status == "" || other.Status == model.TemplateOK
		if usable && other.Base != "" && other.Base == of.Base && other.VersionNumber > of.VersionNumber {
			of = other
		}
	}
	return of
}
