package image

import (
	"context"

	"vireo/internal/model"
)

// Groups finds out what an image group holds, of which nothing else is known.
type Groups interface {
	// Group reads the metadata of every volume of an image group, by id: ErrNotFound
	// when there is no such group. Volumes whose metadata cannot be used are left out.
	Group(ctx context.Context, domain *model.StorageDomain, group model.ID) (map[model.ID]VolumeMeta, error)
}
