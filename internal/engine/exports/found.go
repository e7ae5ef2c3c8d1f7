package exports

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/image"
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
// what a text describes stays. While there is a text that cannot be read everything
// stays, and the storage check finds it.
func (r *room) tidy(ctx context.Context, domain *model.StorageDomain, groups []model.ID) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	err := r.prune(ctx, domain, groups, "")
	if unread, ok := errors.AsType[*unreadError](err); ok {
		r.Log.WarnContext(ctx, "images that an export has replaced are kept", "storage_domain", domain.ID, "groups", groups, "err", unread)
		return nil
	}
	return err
}

// drop removes what lies under an id: the images first, but for what other texts name,
// and then the text, so that a removal that failed can be asked for again.
func (r *room) drop(ctx context.Context, domain *model.StorageDomain, id model.ID, groups []model.ID) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	if err := r.prune(ctx, domain, groups, id); err != nil {
		return err
	}
	return r.Images.RemoveOVF(ctx, domain, id)
}

// replace is drop of what was seen under an id: when something else lies there by now, it
// stays.
func (r *room) replace(ctx context.Context, domain *model.StorageDomain, id model.ID, seen replacedText) error {
	r.writing.Lock()
	defer r.writing.Unlock()
	text, err := r.Images.OVF(ctx, domain, id)
	if errors.Is(err, image.ErrNotFound) || err == nil && seen.Sum != sum(text) {
		return nil
	}
	if err != nil {
		return err
	}
	err = r.prune(ctx, domain, seen.Groups, id)
	if _, unread := errors.AsType[*unreadError](err); err != nil && !unread {
		return err
	}
	return r.Images.RemoveOVF(ctx, domain, id)
}

func sum(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// unreadError says that a text cannot be read: nobody knows what it names.
type unreadError struct{ id model.ID }

func (e *unreadError) Error() string {
	return fmt.Sprintf("the description of %s cannot be read", e.id)
}

// sentence is for whoever asked for the removal.
func (e *unreadError) sentence(domain *model.StorageDomain) string {
	return fmt.Sprintf("The description of %s in storage domain %s cannot be read and may name the same images; remove it first.", e.id, domain.Name)
}

func (e *unreadError) Unwrap() error { return image.ErrUnsafe }

// prune removes what no text but one names. writing is held.
func (r *room) prune(ctx context.Context, domain *model.StorageDomain, groups []model.ID, but model.ID) error {
	if len(groups) == 0 {
		return nil
	}
	found, err := r.ExportedIn(ctx, domain)
	if err != nil {
		return err
	}
	for _, each := range found {
		if each.Text == nil && each.ID != but {
			return &unreadError{each.ID}
		}
		each.Text = bytes.ToLower(each.Text) // as the names of files are
	}
	for _, group := range groups {
		err := r.Images.Prune(ctx, domain, group, func(volume model.ID) bool {
			return slices.ContainsFunc(found, func(each *engine.Exported) bool {
				// By the words, so that a text that cannot be used keeps what is its.
				return each.ID != but && bytes.Contains(each.Text, []byte(group)) && bytes.Contains(each.Text, []byte(volume))
			})
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
