package enginetest

import (
	"context"

	"vireo/internal/image"
	"vireo/internal/model"
)

// PutOVF writes a description.
func (i *Images) PutOVF(ctx context.Context, domain *model.StorageDomain, vm model.ID, content []byte) error {
	if err := i.strike(ctx, "PutOVF"); err != nil {
		return err
	}
	return i.Images.PutOVF(ctx, domain, vm, content)
}

// RemoveOVF removes one.
func (i *Images) RemoveOVF(ctx context.Context, domain *model.StorageDomain, vm model.ID) error {
	if err := i.strike(ctx, "RemoveOVF"); err != nil {
		return err
	}
	return i.Images.RemoveOVF(ctx, domain, vm)
}

// Prune removes volumes.
func (i *Images) Prune(ctx context.Context, domain *model.StorageDomain, group model.ID, keep func(model.ID) bool, wipe bool) error {
	if err := i.strike(ctx, "Prune"); err != nil {
		return err
	}
	return i.Images.Prune(ctx, domain, group, keep, wipe)
}

// Meta reads metadata.
func (i *Images) Meta(ctx context.Context, domain *model.StorageDomain, group, volume model.ID) (image.VolumeMeta, error) {
	if err := i.strike(ctx, "Meta"); err != nil {
		return image.VolumeMeta{}, err
	}
	return i.Images.Meta(ctx, domain, group, volume)
}
