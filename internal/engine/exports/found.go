package exports

import (
	"bytes"
	"context"

	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/ovf"
)

// exportDomain finds an export domain that can be used.
func exportDomain(tx *inventory.Tx, what string, id model.ID) (*model.StorageDomain, error) {
	domain, ok := tx.StorageDomains.Get(id)
	switch {
	case !ok:
		return nil, fault.New(fault.DomainNotFound, what)
	case domain.Status != model.StorageDomainActive:
		return nil, fault.New(fault.DomainStatusIllegal, what, string(domain.Status))
	case domain.Type != model.StorageDomainExport:
		return nil, fault.New(fault.NotExportDomain, what, domain.Name)
	}
	return domain, nil
}

// tidy removes the volumes of image groups that no text of the domain names. It is how
// an export that failed is undone, and how what was replaced goes: whenever it runs,
// what a text describes stays.
func (r *room) tidy(ctx context.Context, domain *model.StorageDomain, groups []model.ID) error {
	return r.prune(ctx, domain, groups, "")
}

// drop removes what lies under an id: the images first, but for what other texts name,
// and then the text, so that a removal that failed can be asked for again.
func (r *room) drop(ctx context.Context, domain *model.StorageDomain, id model.ID, groups []model.ID) error {
	if err := r.prune(ctx, domain, groups, id); err != nil {
		return err
	}
	return r.Images.RemoveOVF(ctx, domain, id)
}

// prune is tidy that does not listen to one text.
func (r *room) prune(ctx context.Context, domain *model.StorageDomain, groups []model.ID, but model.ID) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	found, err := r.ExportedIn(ctx, domain)
	if err != nil {
		return err
	}
	for _, each := range found {
		each.Text = bytes.ToLower(each.Text) // as the names of files are
	}
	for _, group := range groups {
		err := r.Images.Prune(ctx, domain, group, func(volume model.ID) bool {
			for _, each := range found {
				// By the words, so that a text that cannot be used keeps what is its.
				if each.ID != but && bytes.Contains(each.Text, []byte(group)) && bytes.Contains(each.Text, []byte(volume)) {
					return true
				}
			}
			return false
		}, false)
		if err != nil {
			return err
		}
	}
	return nil
}

// groupsOf are the image groups that a document names.
func groupsOf(document *ovf.Document) []model.ID {
	if document == nil {
		return nil
	}
	var out []model.ID
	for i := range document.Disks {
		out = append(out, document.Disks[i].ID)
	}
	return out
}
