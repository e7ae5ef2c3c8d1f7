package templates

import (
	"context"
	"errors"
	"slices"
	"strings"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// checkRemove refuses a template that something depends on: VMs, disks that stand on
// its disks, versions of which it is the first.
func checkRemove(tx *inventory.Tx, call *engine.Call) error {
	template, _ := tx.Templates.Get(call.Target)
	if template.ID == model.BlankID {
		return fault.New(fault.BlankStays, call.Verb)
	}
	if template.DeleteProtected {
		return fault.New(fault.TemplateProtected, call.Verb)
	}
	if using := users(tx, template); len(using) > 0 {
		return fault.New(fault.TemplateInUse, call.Verb, some(using))
	}
	var versions []string
	for _, version := range versionsOf(tx, template) {
		versions = append(versions, version.Name+" ("+version.VersionName+")")
	}
	if len(versions) > 0 {
		return fault.New(fault.TemplateHasVersions, call.Verb, some(versions))
	}
	for _, attachment := range template.Disks {
		disk, ok := tx.Disks.Get(attachment.Disk)
		if !ok {
			continue
		}
		if domain, ok := tx.StorageDomains.Get(disk.StorageDomain); ok && domain.Status != model.StorageDomainActive {
			return fault.New(fault.DomainStatusIllegal, call.Verb, string(domain.Status))
		}
	}
	return nil
}

// most is how many names a refusal lists.
const most = 20

func some(names []string) string {
	if len(names) > most {
		names = append(slices.Clone(names[:most]), "…")
	}
	return strings.Join(names, ", ")
}

// users names what was made of a template and depends on it.
func users(tx *inventory.Tx, template *model.Template) []string {
	var names []string
	for _, vm := range tx.VMs.All() {
		if vm.Template == template.ID {
			names = append(names, vm.Name)
		}
	}
	for _, pool := range tx.VMPools.All() {
		if pool.Template == template.ID {
			names = append(names, "VM-Pool "+pool.Name)
		}
	}
	if len(names) > 0 || len(template.Disks) == 0 {
		return names
	}
	for _, disk := range tx.Disks.All() {
		if slices.ContainsFunc(disk.Chain, func(below model.Volume) bool { return has(template, below.Template) }) {
			names = append(names, "disk "+disk.Alias)
		}
	}
	return names
}

func has(template *model.Template, disk model.ID) bool {
	return disk != "" && slices.ContainsFunc(template.Disks, func(a model.DiskAttachment) bool { return a.Disk == disk })
}

// remove locks the template and its disks; they go when the images are gone.
func (r *room) remove(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	template, _ := tx.Templates.Edit(call.Target)
	template.Status = model.TemplateLocked
	for _, attachment := range template.Disks {
		if disk, ok := tx.Disks.Edit(attachment.Disk); ok {
			disk.Status = model.DiskLocked
		}
	}
	return template, nil
}

func (r *room) removeDisks(_ context.Context, w *job.Work) error {
	template, ok := r.Inventory.Templates.Get(w.Job.Target.ID)
	if !ok {
		return fault.Missing(string(w.Job.Target.ID))
	}
	var failures []error
	for _, attachment := range template.Disks {
		disk, ok := r.Inventory.Disks.Get(attachment.Disk)
		if !ok {
			continue
		}
		domain, ok := r.Inventory.StorageDomains.Get(disk.StorageDomain)
		if !ok {
			continue // with it, all that was in it is lost
		}
		if err := r.Images.Remove(w.Steady(), domain, disk.ID, disk.WipeAfterDelete); err != nil {
			failures = append(failures, engine.StorageFault(w.Job.Verb, domain, err))
			continue
		}
		r.Undescribe(w, []model.ID{domain.ID})
	}
	return errors.Join(failures...)
}

// removed settles a removal. A template whose images could not all be removed is kept
// as an illegal one, to be removed again.
func (r *room) removed(tx *inventory.Tx, w *job.Work, failure error) {
	template, ok := tx.Templates.Edit(w.Job.Target.ID)
	if !ok {
		return
	}
	about := engine.AboutJob(tx, w.Job)
	about.Template = template
	for _, attachment := range template.Disks {
		if failure == nil {
			tx.Disks.Delete(attachment.Disk)
		} else if disk, ok := tx.Disks.Edit(attachment.Disk); ok {
			disk.Status = model.DiskIllegal
		}
	}
	if failure != nil {
		template.Status = model.TemplateIllegal
		about.Detail = fault.Of(failure).Message()
		tx.Event(audit.New(audit.TemplateKept, about))
		return
	}
	tx.Templates.Delete(template.ID)
	tx.Event(audit.New(audit.TemplateRemoved, about))
}
