package storage

import (
	"fmt"
	"slices"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// checkDeactivate refuses while the domain is used: by guests, by jobs, and by the
// other domains of its data center if it is the only master that they could have.
func (r *room) checkDeactivate(tx *inventory.Tx, call *engine.Call) error {
	if err := checkStatus("deactivate")(tx, call); err != nil {
		return err
	}
	domain, _ := tx.StorageDomains.Get(call.Target)
	if err := r.checkUnused(tx, call, domain); err != nil {
		return err
	}
	if !domain.Master || heir(tx, domain) != nil {
		return nil
	}
	for _, other := range tx.StorageDomains.All() {
		if other.ID != domain.ID && other.DataCenter == domain.DataCenter && other.Status == model.StorageDomainActive {
			return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf(
				"%s is the master, and no other data domain of the data center is active; deactivate %s first.", domain.Name, other.Name))
		}
	}
	return nil
}

// checkUnused refuses while guests or jobs use the domain.
func (r *room) checkUnused(tx *inventory.Tx, call *engine.Call, domain *model.StorageDomain) error {
	for _, vm := range tx.VMs.All() {
		if !lifecycle.Resting(vm.Run.Status) && (vm.Lease == domain.ID || hasDiskIn(tx, vm, domain.ID, true) || hasMediumOf(tx, vm, domain)) {
			return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf("VM %s runs and uses the storage domain %s; stop it first.", vm.Name, domain.Name))
		}
		if hasDiskIn(tx, vm, domain.ID, false) {
			if err := r.Free(tx, call, vm.Ref()); err != nil {
				return err
			}
		}
	}
	for _, disk := range tx.Disks.All() {
		if disk.StorageDomain != domain.ID {
			continue
		}
		if _, held := tx.Holder(disk.Ref()); held || disk.Status == model.DiskLocked {
			return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf("A job is at work on the disk %s in the storage domain %s.", disk.Alias, domain.Name))
		}
	}
	return nil
}

// hasDiskIn says whether a VM has a disk, or only whether an active one, in a domain.
func hasDiskIn(tx *inventory.Tx, vm *model.VM, domain model.ID, active bool) bool {
	return slices.ContainsFunc(vm.Disks, func(each model.DiskAttachment) bool {
		disk, ok := tx.Disks.Get(each.Disk)
		return ok && disk.StorageDomain == domain && (each.Active || !active)
	})
}

// hasMediumOf says whether a guest has a CD of an ISO domain.
func hasMediumOf(tx *inventory.Tx, vm *model.VM, domain *model.StorageDomain) bool {
	cluster, ok := tx.Clusters.Get(vm.Cluster)
	return ok && domain.Type == model.StorageDomainISO && cluster.DataCenter == domain.DataCenter && vm.Run.CDROM != ""
}

// master is the master of a data center, if it has one.
func master(tx *inventory.Tx, center model.ID) *model.StorageDomain {
	for _, domain := range tx.StorageDomains.All() {
		if domain.DataCenter == center && domain.Master {
			return domain
		}
	}
	return nil
}

// heir is the domain that becomes the master when this one is not used any more; nil
// if there is none.
func heir(tx *inventory.Tx, domain *model.StorageDomain) *model.StorageDomain {
	return engine.NextMaster(tx, domain)
}

// ActivateParams are filled in by activate and deactivate themselves, for their end.
type ActivateParams struct {
	// From is the status before.
	From model.StorageDomainStatus `json:"from"`
}

// Durable keeps the parameters with the job.
func (*ActivateParams) Durable() {}

func (r *room) deactivate(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	domain, _ := tx.StorageDomains.Edit(call.Target)
	call.Params = &ActivateParams{From: domain.Status}
	engine.MoveMaster(tx, domain)
	setStatus(domain, model.StorageDomainPreparing, "")
	return domain, nil
}

func (r *room) deactivated(tx *inventory.Tx, w *job.Work, failure error) {
	domain, ok := tx.StorageDomains.Edit(w.Job.Target.ID)
	if !ok {
		return
	}
	if failure == nil {
		setStatus(domain, model.StorageDomainMaintenance, "")
		tell(tx, audit.DomainDeactivated, w, domain, nil)
		return
	}
	var params ActivateParams
	_ = w.Params(&params) // what is active after all is found out by the watcher
	if params.From == "" {
		params.From = model.StorageDomainInactive
	}
	setStatus(domain, params.From, "")
	tell(tx, audit.DomainDeactivateFailed, w, domain, failure)
}
