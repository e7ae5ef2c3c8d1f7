package storage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// checkRemove refuses to remove what is still needed (api-v3 6.3).
func (r *room) checkRemove(tx *inventory.Tx, call *engine.Call) error {
	domain, _ := tx.StorageDomains.Get(call.Target)
	if removeParams(call).Destroy {
		return r.checkUnused(tx, call, domain)
	}
	if err := checkStatus("remove")(tx, call); err != nil {
		return err
	}
	var kept []string
	for _, disk := range tx.Disks.All() {
		if disk.StorageDomain == domain.ID {
			kept = append(kept, disk.Alias)
		}
	}
	if len(kept) > 0 {
		return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf(
			"The storage domain %s holds %d disks that are known: %s. Remove them, or forget them with destroy.", domain.Name, len(kept), some(kept)))
	}
	if !removeParams(call).Format || domain.Type == model.StorageDomainISO {
		return nil
	}
	groups, err := r.groups(call, domain)
	if err != nil || len(groups) == 0 {
		return err
	}
	return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf(
		"The storage domain %s is not empty: there are %d disks in it. Remove it without format, or remove them first.", domain.Name, len(groups)))
}

// some are the first few of many names.
func some(names []string) string {
	const most = 5
	slices.Sort(names)
	if len(names) > most {
		return strings.Join(names[:most], ", ") + " and others"
	}
	return strings.Join(names, ", ")
}

// groups lists the image groups of a domain that is not used, which is connected for
// that moment. The error may be one of engine.Outside.
func (r *room) groups(call *engine.Call, domain *model.StorageDomain) ([]model.ID, error) {
	return engine.Outside(call, "groups "+string(domain.ID), func(ctx context.Context) (found []model.ID, err error) {
		there, err := r.Images.Connected(domain)
		if err == nil && !there {
			if err = r.Images.Connect(ctx, domain); err == nil {
				defer func() { err = errors.Join(err, r.Images.Disconnect(context.WithoutCancel(ctx), domain)) }()
			}
		}
		if err == nil {
			found, err = r.Images.Groups(ctx, domain)
		}
		return found, engine.StorageFault(call.Verb, domain, err)
	})
}

// forget removes the record alone: what is on the storage can be imported again.
func (r *room) forget(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	domain, _ := tx.StorageDomains.Get(call.Target)
	about := audit.About{Domain: domain, CorrelationID: call.CorrelationID}
	if call.Caller != nil {
		about.User, about.UserName = call.Caller.User, call.Caller.Name
	}
	tx.Event(audit.New(audit.DomainRemoved, about))
	tx.StorageDomains.Delete(domain.ID)
	return domain, nil
}

func (r *room) lock(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	domain, _ := tx.StorageDomains.Edit(call.Target)
	setStatus(domain, model.StorageDomainLocked, "")
	return domain, nil
}

// destroy forgets the disks of the domain, and says so: they stay on the storage, if
// that comes back.
func (r *room) destroy(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	domain, _ := tx.StorageDomains.Edit(call.Target)
	engine.MoveMaster(tx, domain)
	var forgotten []string
	for _, disk := range tx.Disks.All() {
		if disk.StorageDomain != domain.ID {
			continue
		}
		forgotten = append(forgotten, disk.Alias)
		for _, vm := range tx.VMs.All() {
			if slices.ContainsFunc(vm.Disks, func(each model.DiskAttachment) bool { return each.Disk == disk.ID }) {
				forgetDisk(tx, vm.ID, disk.ID)
			}
		}
		tx.Disks.Delete(disk.ID)
	}
	if len(forgotten) > 0 {
		about := audit.About{Domain: domain, CorrelationID: call.CorrelationID, Detail: some(forgotten)}
		tx.Event(audit.New(audit.DisksForgotten, about))
	}
	setStatus(domain, model.StorageDomainLocked, "")
	return domain, nil
}

func forgetDisk(tx *inventory.Tx, id, disk model.ID) {
	vm, _ := tx.VMs.Edit(id)
	gone := func(each model.DiskAttachment) bool { return each.Disk == disk }
	vm.Disks = slices.DeleteFunc(vm.Disks, gone)
	if vm.NextRun != nil {
		vm.NextRun.Disks = slices.DeleteFunc(vm.NextRun.Disks, gone)
	}
}

// removed settles a removal.
func (r *room) removed(tx *inventory.Tx, w *job.Work, failure error) {
	domain, ok := tx.StorageDomains.Edit(w.Job.Target.ID)
	if !ok {
		return
	}
	var params RemoveParams
	_ = w.Params(&params)
	done, failed := audit.DomainRemoved, audit.DomainRemoveFailed
	if params.Destroy {
		done, failed = audit.DomainDestroyed, audit.DomainDestroyFailed
	}
	if failure != nil {
		setStatus(domain, model.StorageDomainUnattached, fault.Of(failure).Message())
		tell(tx, failed, w, domain, failure)
		return
	}
	tell(tx, done, w, domain, nil)
	tx.StorageDomains.Delete(domain.ID)
}
