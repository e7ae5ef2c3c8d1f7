package files

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"vireo/internal/image"
	"vireo/internal/model"
)

// Overlay makes a qcow2 image that names the disk's own volume as what it stands
// on, by its bare name: so the group can be moved as a whole. The own volume's
// metadata goes on to call it a leaf, because that is what is left of the group
// when the run is over.
func (f *Files) Overlay(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, volume model.ID, owner image.Owner) error {
	if err := f.overlay(ctx, domain, disk, volume, owner); err != nil {
		return fmt.Errorf("making overlay %s of disk %s in storage domain %q: %w", volume, disk.ID, domain.Name, err)
	}
	return nil
}

func (f *Files) overlay(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, volume model.ID, owner image.Owner) error {
	if err := checkOverlay(disk, volume); err != nil {
		return err
	}
	dir, err := open(domain)
	if err != nil {
		return err
	}
	defer dir.Close()
	base, err := f.inspect(ctx, domain, dir, disk)
	if err != nil {
		return err
	}
	name := filepath.Join(group(disk.ID), string(volume))
	if _, err := regular(dir, name); !errors.Is(err, image.ErrNotFound) {
		return err // it is there, or it cannot be
	}
	if err := f.makeOverlay(ctx, domain, dir, disk, volume, base.VirtualSize, owner); err != nil {
		discard(dir, name)
		return err
	}
	return nil
}

func (f *Files) makeOverlay(ctx context.Context, domain *model.StorageDomain, dir *os.Root, disk *model.Disk, volume model.ID, size int64, owner image.Owner) error {
	name := filepath.Join(group(disk.ID), string(volume))
	if err := dir.RemoveAll(part(name)); err != nil {
		return explain(err)
	}
	// What it stands on has been looked at; -u keeps the tool from opening it again. It
	// makes a header and no more: a VM that waits for it cannot be stopped.
	err := f.run(ctx, looking, nil, "create", "-q", "-u", "-f", formats[model.DiskCOW],
		"-b", string(disk.Volume), "-F", formats[disk.Format], filepath.Join(root(domain), part(name)), number(size))
	if err != nil {
		return err
	}
	return publish(dir, domain, name, meta{
		domain: domain.ID, disk: disk.ID, format: model.DiskCOW, sparse: true, size: size,
		description: description(disk.Alias, disk.Description), parent: disk.Volume,
	}, owner)
}

// OverlayPath checks the disk's own volume as Path does, and then that the overlay
// stands on it and is as large.
func (f *Files) OverlayPath(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, volume model.ID) (string, error) {
	path, err := f.overlayPath(ctx, domain, disk, volume)
	if err != nil {
		return "", fmt.Errorf("overlay %s of disk %s in storage domain %q: %w", volume, disk.ID, domain.Name, err)
	}
	return path, nil
}

func (f *Files) overlayPath(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, volume model.ID) (string, error) {
	if err := checkOverlay(disk, volume); err != nil {
		return "", err
	}
	dir, err := open(domain)
	if err != nil {
		return "", err
	}
	defer dir.Close()
	base, err := f.inspect(ctx, domain, dir, disk)
	if err != nil {
		return "", err
	}
	name := filepath.Join(group(disk.ID), string(volume))
	top, err := f.inspectOne(ctx, domain, dir, name, formats[model.DiskCOW])
	switch {
	case err != nil:
		return "", err
	case top.BackingFilename != string(disk.Volume):
		return "", fmt.Errorf("it stands on %.100q and not on the disk's volume: %w", top.BackingFilename, image.ErrUnsafe)
	case top.BackingFormat != formats[disk.Format]:
		return "", fmt.Errorf("it takes the disk's volume for %.20q: %w", top.BackingFormat, image.ErrUnsafe)
	case top.VirtualSize != base.VirtualSize:
		return "", fmt.Errorf("it has %d bytes and the disk %d: %w", top.VirtualSize, base.VirtualSize, image.ErrUnsafe)
	}
	return filepath.Join(root(domain), name), nil
}

// RemoveOverlay deletes the image first: without it nothing stands on the disk's
// own volume any more, and a removal that was interrupted goes on with the rest.
func (f *Files) RemoveOverlay(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, volume model.ID) error {
	if err := removeOverlay(ctx, domain, disk, volume); err != nil {
		return fmt.Errorf("removing overlay %s of disk %s from storage domain %q: %w", volume, disk.ID, domain.Name, err)
	}
	return nil
}

func removeOverlay(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, volume model.ID) error {
	if err := errors.Join(ctx.Err(), checkOverlay(disk, volume)); err != nil {
		return err
	}
	dir, err := open(domain)
	if err != nil {
		return err
	}
	defer dir.Close()
	err = clearOverlay(ctx, dir, disk, volume)
	if errors.Is(err, image.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return wantImages(dir, domain) // the group has gone, perhaps just now
	}
	return err
}

func clearOverlay(ctx context.Context, dir *os.Root, disk *model.Disk, volume model.ID) error {
	if err := folder(dir, group(disk.ID)); err != nil {
		return err
	}
	name := filepath.Join(group(disk.ID), string(volume))
	if disk.WipeAfterDelete {
		if err := overwrite(ctx, dir, name); err != nil && !errors.Is(err, image.ErrNotFound) {
			return fmt.Errorf("overwriting it: %w", err)
		}
	}
	for _, each := range []string{name, part(name), name + ".meta", part(name + ".meta"), name + ".lease"} {
		if err := dir.RemoveAll(each); err != nil {
			return explain(err)
		}
	}
	return syncFolder(dir, group(disk.ID))
}

// checkOverlay tells an overlay from the volume that it must not touch.
func checkOverlay(disk *model.Disk, volume model.ID) error {
	if err := checkIDs(disk.ID, volume); err != nil {
		return err
	}
	if volume == disk.Volume {
		return fmt.Errorf("it is the disk's own volume: %w", image.ErrUnsafe)
	}
	return nil
}
