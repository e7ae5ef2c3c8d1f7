package engine

import (
	"bytes"
	"context"
	"errors"

	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/model"
	"vireo/internal/ovf"
)

// Exported is what lies in an export domain under one id. Document is nil when the
// text cannot be used, for the reason Problem; Text is nil as well when it cannot be
// read: a link, or larger than any text is.
type Exported struct {
	ID       model.ID
	Text     []byte
	Document *ovf.Document
	Problem  error
}

// Name is empty when it is not known.
func (x *Exported) Name() string {
	if x.Document == nil {
		return ""
	}
	return x.Document.Config().Name
}

// ExportedAt reads one text: image.ErrNotFound when there is none. A text that cannot
// be used, or is about another than its place says, is there all the same.
func (e *Engine) ExportedAt(ctx context.Context, domain *model.StorageDomain, id model.ID) (*Exported, error) {
	text, err := e.Images.OVF(ctx, domain, id)
	if errors.Is(err, image.ErrUnsafe) {
		return &Exported{ID: id, Problem: err}, nil
	}
	if err != nil {
		return nil, err
	}
	found := &Exported{ID: id, Text: text}
	document, err := ovf.Read(bytes.NewReader(text))
	switch {
	case err != nil:
		found.Problem = err
	case document.ID() != id:
		found.Problem = errors.New("it describes another VM or template")
	default:
		found.Document = document
	}
	return found, nil
}

// ExportedIn reads all texts of a domain.
func (e *Engine) ExportedIn(ctx context.Context, domain *model.StorageDomain) ([]*Exported, error) {
	ids, err := e.Images.ListOVFs(ctx, domain)
	if err != nil {
		return nil, err
	}
	var found []*Exported
	for _, id := range ids {
		one, err := e.ExportedAt(ctx, domain, id)
		if errors.Is(err, image.ErrNotFound) {
			continue // a folder without a text, or gone meanwhile
		}
		if err != nil {
			return nil, err
		}
		found = append(found, one)
	}
	return found, nil
}

// Exported gives the documents of an export domain that can be used, of VMs or of
// templates; other domains, and one that is not active, have none. What cannot be used
// is logged.
func (v *View) Exported(ctx context.Context, id model.ID, templates bool) ([]*ovf.Document, error) {
	domain, err := v.StorageDomain(id)
	if err != nil || !holdsExports(domain) || domain.Type != model.StorageDomainExport || !v.seesStrangers(domain, importExport) {
		return nil, err
	}
	found, err := v.engine.ExportedIn(ctx, domain)
	if err != nil {
		return nil, StorageFault("list exports", domain, err)
	}
	var out []*ovf.Document
	for _, each := range found {
		if each.Document == nil {
			v.engine.Log.WarnContext(ctx, "a description in an export domain cannot be used", "storage_domain", domain.ID, "id", each.ID, "err", each.Problem)
			continue
		}
		if (each.Document.Template != nil) == templates {
			out = append(out, each.Document)
		}
	}
	return out, nil
}

// Unregistered gives the documents of a data domain whose VMs, or templates, are not
// known here; other domains, and one that is not active, have none.
func (v *View) Unregistered(ctx context.Context, id model.ID, templates bool) ([]*ovf.Document, error) {
	domain, err := v.StorageDomain(id)
	if err != nil || domain.Type != model.StorageDomainData || domain.Status != model.StorageDomainActive || !v.seesStrangers(domain, importExport) {
		return nil, err
	}
	found, err := v.engine.ExportedIn(ctx, domain)
	if err != nil {
		return nil, StorageFault("list unregistered VMs", domain, err)
	}
	var out []*ovf.Document
	for _, each := range found {
		if each.Document == nil {
			v.engine.Log.WarnContext(ctx, "a description in a data domain cannot be used", "storage_domain", domain.ID, "id", each.ID, "err", each.Problem)
			continue
		}
		if _, known := v.engine.Inventory.VMs.Get(each.ID); known {
			continue
		}
		if _, known := v.engine.Inventory.Templates.Get(each.ID); !known && (each.Document.Template != nil) == templates {
			out = append(out, each.Document)
		}
	}
	return out, nil
}

// OneExported gives the document of a VM, or of a template, of an export domain.
func (v *View) OneExported(ctx context.Context, domainID, id model.ID, template bool) (*ovf.Document, error) {
	domain, err := v.StorageDomain(domainID)
	if err != nil {
		return nil, err
	}
	if !holdsExports(domain) || !v.seesStrangers(domain, importExport) {
		return nil, fault.Missing(string(id))
	}
	found, err := v.engine.ExportedAt(ctx, domain, id)
	switch {
	case errors.Is(err, image.ErrNotFound):
		return nil, fault.Missing(string(id))
	case err != nil:
		return nil, StorageFault("read exports", domain, err)
	case found.Document == nil || (found.Document.Template != nil) != template:
		return nil, fault.Missing(string(id))
	}
	return found.Document, nil
}

// holdsExports says whether something is described in a domain: what was exported, or
// what can be registered.
func holdsExports(domain *model.StorageDomain) bool {
	return domain.Type != model.StorageDomainISO && domain.Status == model.StorageDomainActive
}

// importExport is the permit to take what lies in a domain and is not known here.
const importExport model.Permit = "import_export_vm"

// seesStrangers says whether the caller may see what lies in a domain and is not known
// here, and so has no owners: administrators of the domain, and who may take it.
func (v *View) seesStrangers(domain *model.StorageDomain, permit model.Permit) bool {
	return v.scope().administers(domain.Ref()) || v.engine.Permits(v.caller, permit, domain.Ref())
}
