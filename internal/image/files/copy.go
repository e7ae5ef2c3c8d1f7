package files

import (
	"context"
	"errors"

	"vireo/internal/image"
	"vireo/internal/model"
)

var errLater = errors.New("to be written")

func (f *Files) Copy(context.Context, image.Source, *model.StorageDomain, image.VolumeSpec, image.Progress) error {
	return errLater
}

func (f *Files) CopyChain(context.Context, image.Source, *model.StorageDomain, model.ID, map[model.ID]model.ID, image.Owner, image.Progress) error {
	return errLater
}
