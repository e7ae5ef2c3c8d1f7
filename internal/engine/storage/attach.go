package storage

import (
	"fmt"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// checkAttach refuses what a data center cannot have (api-v3 6.3).
func (r *room) checkAttach(tx *inventory.Tx, call *engine.Call) error {
	domain, _ := tx.StorageDomains.Get(call.Target)
	center, ok := tx.DataCenters.Get(attachTo(call))
	if !ok {
		return fault.New(fault.Invalid, call.Verb, "The data center does not exist.")
	}
	if domain.DataCenter == center.ID && domain.Status != model.StorageDomainUnattached {
		return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf("The storage domain %s is attached to this data center already.", domain.Name))
	}
	if err := checkStatus("attach")(tx, call); err != nil {
		return err
	}
	for _, other := range tx.StorageDomains.All() {
		if other.DataCenter == center.ID && other.Type == domain.Type && domain.Type != model.StorageDomainData {
			return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf(
				"A data center can have one storage domain of type %s only, and %s has %s.", domain.Type, center.Name, other.Name))
		}
	}
	if vm := strangeVM(tx, domain.ID, center.ID); vm != nil {
		return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf(
			"The storage domain %s holds disks of VM %s, which is in another data center.", domain.Name, vm.Name))
	}
	return r.checkUnclaimed(call, domain)
}

// strangeVM finds a VM of another data center with a disk in the domain.
func strangeVM(tx *inventory.Tx, domain, center model.ID) *model.VM {
	for _, vm := range tx.VMs.All() {
		if cluster, ok := tx.Clusters.Get(vm.Cluster); (!ok || cluster.DataCenter != center) && hasDiskIn(tx, vm, domain, false) {
			return vm
		}
	}
	return nil
}

// checkUnclaimed refuses a domain that somebody else has attached since it was added.
func (r *room) checkUnclaimed(call *engine.Call, domain *model.StorageDomain) error {
	seen, err := r.survey(call, domain)
	if err != nil {
		return err
	}
	for _, each := range seen.found {
		if each.ID == domain.ID && each.DataCenter != "" {
			return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf(
				"The storage domain %s was attached to data center %s by %s meanwhile.", domain.Name, each.DataCenter, user(each, r.ID)))
		}
		if each.ID == domain.ID {
			return nil
		}
	}
	return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf("The storage domain %s is not there any more. %s", domain.Name, lying(seen)))
}

// attach records the data center at once: the metadata is written from the record.
// The first data domain is the master.
func (r *room) attach(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	domain, _ := tx.StorageDomains.Edit(call.Target)
	domain.DataCenter = attachTo(call)
	if domain.Engine == "" {
		domain.Engine = r.ID
	}
	domain.Master = domain.Type == model.StorageDomainData && master(tx, domain.DataCenter) == nil
	setStatus(domain, model.StorageDomainLocked, "")
	return domain, nil
}

func (r *room) attached(tx *inventory.Tx, w *job.Work, failure error) {
	domain, ok := tx.StorageDomains.Edit(w.Job.Target.ID)
	if !ok {
		return
	}
	if failure == nil {
		setStatus(domain, model.StorageDomainActive, "")
		tell(tx, audit.DomainAttached, w, domain, nil)
		return
	}
	tell(tx, audit.DomainAttachFailed, w, domain, failure)
	domain.DataCenter, domain.Master = "", false
	setStatus(domain, model.StorageDomainUnattached, "")
}

// wasInactive says whether an activation began with a domain that is connected.
func wasInactive(w *job.Work) bool {
	var params ActivateParams
	return w.Params(&params) == nil && params.From == model.StorageDomainInactive
}

func (r *room) activate(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	domain, _ := tx.StorageDomains.Edit(call.Target)
	call.Params = &ActivateParams{From: domain.Status}
	if domain.Type == model.StorageDomainData && master(tx, domain.DataCenter) == nil {
		domain.Master = true
	}
	setStatus(domain, model.StorageDomainStarting, "")
	return domain, nil
}

func (r *room) activated(tx *inventory.Tx, w *job.Work, failure error) {
	domain, ok := tx.StorageDomains.Edit(w.Job.Target.ID)
	if !ok {
		return
	}
	if failure == nil {
		setStatus(domain, model.StorageDomainActive, "")
		tell(tx, audit.DomainActive, w, domain, nil)
		return
	}
	var params ActivateParams
	_ = w.Params(&params) // without it the domain is one that was in maintenance
	if params.From == "" {
		params.From = model.StorageDomainMaintenance
	}
	setStatus(domain, params.From, fault.Of(failure).Message())
	tell(tx, audit.DomainActivateFailed, w, domain, failure)
}
