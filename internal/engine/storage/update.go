package storage

import (
	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// UpdateParams are the Params of update.
type UpdateParams struct {
	// Edit changes name, description, comment and wipe_after_delete; what else it
	// changes does not count.
	Edit engine.Edit[model.StorageDomain]
}

// update changes the record; the metadata follows it when the domain is active.
func (r *room) update(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	params, ok := call.Params.(*UpdateParams)
	if !ok || params == nil || params.Edit == nil {
		return nil, fault.New(fault.Invalid, call.Verb, "Nothing to change was given.")
	}
	domain, _ := tx.StorageDomains.Edit(call.Target)
	wanted := model.Clone(domain)
	if err := params.Edit(wanted); err != nil {
		return nil, err
	}
	if err := checkTexts(call.Verb, wanted); err != nil {
		return nil, err
	}
	for _, other := range tx.StorageDomains.All() {
		if other.ID != domain.ID && other.Name == wanted.Name {
			return nil, fault.New(fault.NameInUse, call.Verb, "Storage Domain", wanted.Name)
		}
	}
	domain.Name, domain.Description, domain.Comment = wanted.Name, wanted.Description, wanted.Comment
	domain.WipeAfterDelete = wanted.WipeAfterDelete
	about := audit.About{Domain: domain, CorrelationID: call.CorrelationID}
	if call.Caller != nil {
		about.User, about.UserName = call.Caller.User, call.Caller.Name
	}
	tx.Event(audit.New(audit.DomainUpdated, about))
	return domain, nil
}
