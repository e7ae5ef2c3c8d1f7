package domains

import (
	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// remove forgets a domain with its account. Guests that have joined it are not
// concerned.
func (r *room) remove(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	domain, _ := tx.Domains.Get(call.Target)
	tx.Domains.Delete(domain.ID)
	tell(tx, audit.DirectoryRemoved, call, domain)
	return domain, nil
}
