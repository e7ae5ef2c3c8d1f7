package enginetest

import (
	"context"
	"sync"

	"vireo/internal/image"
	"vireo/internal/model"
)

// Images are real images that fail on request.
type Images struct {
	image.Images

	mu    sync.Mutex
	fails map[string]error
	gates map[string]chan struct{}
}

// Fail makes every call of that name fail from now on: Create, Remove, Resize,
// Reserve, Path, Overlay, OverlayPath, RemoveOverlay, Copy, Link, Seal, CanSeal, Merge,
// Relate, CopyChain, PutOVF, RemoveOVF, Prune, Meta, Occupied or Space.
func (i *Images) Fail(call string, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.fails == nil {
		i.fails = make(map[string]error)
	}
	i.fails[call] = err
}

// Hold makes calls of that name wait until release is called.
func (i *Images) Hold(call string) (release func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.gates == nil {
		i.gates = make(map[string]chan struct{})
	}
	gate := make(chan struct{})
	i.gates[call] = gate
	return sync.OnceFunc(func() { close(gate) })
}

// Clear takes all requests to fail back.
func (i *Images) Clear() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.fails = nil
}

func (i *Images) strike(ctx context.Context, call string) error {
	i.mu.Lock()
	gate, failure := i.gates[call], i.fails[call]
	i.mu.Unlock()
	if gate != nil {
		select {
		case <-gate:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return failure
}

// Create makes a volume.
func (i *Images) Create(ctx context.Context, domain *model.StorageDomain, spec image.VolumeSpec) error {
	if err := i.strike(ctx, "Create"); err != nil {
		return err
	}
	return i.Images.Create(ctx, domain, spec)
}

// Remove deletes an image group.
func (i *Images) Remove(ctx context.Context, domain *model.StorageDomain, disk model.ID, wipe bool) error {
	if err := i.strike(ctx, "Remove"); err != nil {
		return err
	}
	return i.Images.Remove(ctx, domain, disk, wipe)
}

// Occupied measures an image group.
func (i *Images) Occupied(ctx context.Context, domain *model.StorageDomain, disk model.ID) (int64, error) {
	if err := i.strike(ctx, "Occupied"); err != nil {
		return 0, err
	}
	return i.Images.Occupied(ctx, domain, disk)
}

// Resize grows a volume.
func (i *Images) Resize(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, size int64) error {
	if err := i.strike(ctx, "Resize"); err != nil {
		return err
	}
	return i.Images.Resize(ctx, domain, disk, size)
}

// Reserve gives a volume space.
func (i *Images) Reserve(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, size int64) error {
	if err := i.strike(ctx, "Reserve"); err != nil {
		return err
	}
	return i.Images.Reserve(ctx, domain, disk, size)
}

// Path finds a volume.
func (i *Images) Path(ctx context.Context, domain *model.StorageDomain, disk *model.Disk) (string, error) {
	if err := i.strike(ctx, "Path"); err != nil {
		return "", err
	}
	return i.Images.Path(ctx, domain, disk)
}

// Overlay makes an overlay.
func (i *Images) Overlay(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, volume model.ID, owner image.Owner) error {
	if err := i.strike(ctx, "Overlay"); err != nil {
		return err
	}
	return i.Images.Overlay(ctx, domain, disk, volume, owner)
}

// OverlayPath finds an overlay.
func (i *Images) OverlayPath(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, volume model.ID) (string, error) {
	if err := i.strike(ctx, "OverlayPath"); err != nil {
		return "", err
	}
	return i.Images.OverlayPath(ctx, domain, disk, volume)
}

// RemoveOverlay deletes an overlay.
func (i *Images) RemoveOverlay(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, volume model.ID) error {
	if err := i.strike(ctx, "RemoveOverlay"); err != nil {
		return err
	}
	return i.Images.RemoveOverlay(ctx, domain, disk, volume)
}

// Copy copies what a disk holds.
func (i *Images) Copy(ctx context.Context, from image.Source, to *model.StorageDomain, spec image.VolumeSpec, progress image.Progress) error {
	if err := i.strike(ctx, "Copy"); err != nil {
		return err
	}
	return i.Images.Copy(ctx, from, to, spec, progress)
}

// WriteStretch writes a disk to a file.
func (i *Images) WriteStretch(ctx context.Context, from image.Source, to image.Stretch, progress image.Progress) error {
	if err := i.strike(ctx, "WriteStretch"); err != nil {
		return err
	}
	return i.Images.WriteStretch(ctx, from, to, progress)
}

// ReadStretch makes a volume of an image in a file.
func (i *Images) ReadStretch(ctx context.Context, from image.Stretch, to *model.StorageDomain, spec image.VolumeSpec, progress image.Progress) error {
	if err := i.strike(ctx, "ReadStretch"); err != nil {
		return err
	}
	return i.Images.ReadStretch(ctx, from, to, spec, progress)
}

// Link links a template's volume.
func (i *Images) Link(ctx context.Context, domain *model.StorageDomain, template *model.Disk, group model.ID) error {
	if err := i.strike(ctx, "Link"); err != nil {
		return err
	}
	return i.Images.Link(ctx, domain, template, group)
}

// CanSeal says whether Seal was not made to fail.
func (i *Images) CanSeal() bool { return i.strike(context.Background(), "CanSeal") == nil }

// Seal seals nothing: the disks of these tests hold no guests.
func (i *Images) Seal(ctx context.Context, _ []image.Source) error { return i.strike(ctx, "Seal") }

// Space measures a domain.
func (i *Images) Space(ctx context.Context, domain *model.StorageDomain) (model.Space, error) {
	if err := i.strike(ctx, "Space"); err != nil {
		return model.Space{}, err
	}
	return i.Images.Space(ctx, domain)
}

// Merge merges a volume into the one below.
func (i *Images) Merge(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, volume model.ID, progress image.Progress) error {
	if err := i.strike(ctx, "Merge"); err != nil {
		return err
	}
	return i.Images.Merge(ctx, domain, disk, volume, progress)
}

// Relate lets metadata follow the record.
func (i *Images) Relate(ctx context.Context, domain *model.StorageDomain, disk *model.Disk) error {
	if err := i.strike(ctx, "Relate"); err != nil {
		return err
	}
	return i.Images.Relate(ctx, domain, disk)
}

// CopyChain copies all volumes of a disk.
func (i *Images) CopyChain(ctx context.Context, from image.Source, to *model.StorageDomain, group model.ID, rename map[model.ID]model.ID, owner image.Owner, progress image.Progress) error {
	if err := i.strike(ctx, "CopyChain"); err != nil {
		return err
	}
	return i.Images.CopyChain(ctx, from, to, group, rename, owner, progress)
}
