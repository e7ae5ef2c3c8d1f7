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

// checkDetach refuses to take the last data domain from a data center, which would be
// left without a master.
func (r *room) checkDetach(tx *inventory.Tx, call *engine.Call) error {
	if err := checkStatus("detach")(tx, call); err != nil {
		return err
	}
	domain, _ := tx.StorageDomains.Get(call.Target)
	if domain.Type == model.StorageDomainData && domain.Master {
		return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf(
			"%s is the master of its data center, which needs one; activate another data domain first.", domain.Name))
	}
	return r.checkUnused(tx, call, domain)
}

func (r *room) detach(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	domain, _ := tx.StorageDomains.Edit(call.Target)
	setStatus(domain, model.StorageDomainDetaching, "")
	return domain, nil
}

func (r *room) detached(tx *inventory.Tx, w *job.Work, failure error) {
	domain, ok := tx.StorageDomains.Edit(w.Job.Target.ID)
	if !ok {
		return
	}
	if failure != nil {
		setStatus(domain, model.StorageDomainMaintenance, fault.Of(failure).Message())
		tell(tx, audit.DomainDetachFailed, w, domain, failure)
		return
	}
	tell(tx, audit.DomainDetached, w, domain, nil)
	domain.DataCenter, domain.Master = "", false
	setStatus(domain, model.StorageDomainUnattached, "")
}
