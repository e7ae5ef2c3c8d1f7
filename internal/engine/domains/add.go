package domains

import (
	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// add makes a domain of a name that no other has, in whatever case.
func (r *room) add(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	edit, ok := call.Params.(engine.Edit[model.Domain])
	if !ok || edit == nil {
		return nil, fault.New(fault.Invalid, call.Verb, "Nothing to add was given.")
	}
	domain := &model.Domain{}
	if err := edit(domain); err != nil {
		return nil, err
	}
	domain.Name = model.DomainName(domain.Name)
	domain.ID = model.DomainID(domain.Name)
	if err := check(call.Verb, domain); err != nil {
		return nil, err
	}
	if _, taken := tx.Domains.Get(domain.ID); taken || domain.ID == engine.InternalDomain().ID {
		return nil, fault.New(fault.NameInUse, call.Verb, "domain", domain.Name)
	}
	tx.Domains.Put(domain)
	tell(tx, audit.DirectoryAdded, call, domain)
	return domain, nil
}
