package files

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"vireo/internal/image"
	"vireo/internal/model"
)

// Adopt makes a hard link, first under a temporary name, where it is looked at.
func (f *Files) Adopt(ctx context.Context, domain *model.StorageDomain, spec image.VolumeSpec, path string) (int64, error) {
	size, err := f.adopt(ctx, domain, spec, path)
	if err != nil {
		return 0, fmt.Errorf("adopting an image as disk %s of storage domain %q: %w", spec.Disk, domain.Name, err)
	}
	return size, nil
}

func (f *Files) adopt(ctx context.Context, domain *model.StorageDomain, spec image.VolumeSpec, path string) (int64, error) {
	if err := errors.Join(ctx.Err(), checkIDs(spec.Disk, spec.Volume)); err != nil {
		return 0, err
	}
	dir, err := open(domain)
	if err != nil {
		return 0, err
	}
	defer dir.Close()
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return 0, fmt.Errorf("%w: %w", image.ErrNotFound, err)
	case err != nil:
		return 0, explain(err)
	case !info.Mode().IsRegular():
		return 0, fmt.Errorf("it is no regular file: %w", image.ErrUnsafe)
	case inDomain(path):
		return 0, fmt.Errorf("it lies in a storage domain already: %w", image.ErrUnsafe)
	}
	volume := filepath.Join(group(spec.Disk), string(spec.Volume))
	if there, err := regular(dir, volume); err == nil {
		if !os.SameFile(there, info) {
			return 0, fmt.Errorf("%s is another file: %w", volume, image.ErrUnsafe)
		}
		said, err := f.inspectOne(ctx, domain, dir, volume, formats[spec.Format])
		return said.VirtualSize, err
	} else if !errors.Is(err, image.ErrNotFound) {
		return 0, err
	}
	if err := makeFolder(dir, group(spec.Disk)); err != nil {
		return 0, err
	}
	size, err := f.adoptLink(ctx, domain, dir, volume, spec, path)
	if err != nil {
		discard(dir, volume)
	}
	return size, err
}

func (f *Files) adoptLink(ctx context.Context, domain *model.StorageDomain, dir *os.Root, volume string, spec image.VolumeSpec, path string) (int64, error) {
	if err := dir.RemoveAll(part(volume)); err != nil {
		return 0, explain(err)
	}
	err := os.Link(path, filepath.Join(root(domain), part(volume)))
	if errors.Is(err, syscall.EXDEV) {
		return 0, fmt.Errorf("%w: %w", image.ErrElsewhere, err)
	}
	if err != nil {
		return 0, explain(err)
	}
	said, err := f.inspectOne(ctx, domain, dir, part(volume), formats[spec.Format])
	if err != nil {
		return 0, err
	}
	if said.BackingFilename != "" {
		return 0, fmt.Errorf("it stands on %.100q and not alone: %w", said.BackingFilename, image.ErrUnsafe)
	}
	spec.Size = said.VirtualSize
	return spec.Size, publish(dir, domain, volume, metaOf(domain, spec), spec.Owner)
}

// inDomain says whether a path is that of a volume in the layout of storage domains.
func inDomain(path string) bool {
	disk := filepath.Dir(path)
	return filepath.Base(filepath.Dir(disk)) == "images" && checkIDs(model.ID(filepath.Base(disk)), model.ID(filepath.Base(path))) == nil
}

// Own sets owner and mode of the disk's volume.
func (f *Files) Own(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, owner image.Owner) error {
	if err := errors.Join(ctx.Err(), checkIDs(disk.ID, disk.Volume)); err != nil {
		return err
	}
	dir, err := open(domain)
	if err != nil {
		return err
	}
	defer dir.Close()
	volume := filepath.Join(group(disk.ID), string(disk.Volume))
	if _, err := regular(dir, volume); err != nil {
		return fmt.Errorf("disk %s in storage domain %q: %w", disk.ID, domain.Name, err)
	}
	if err := own(dir, volume, 0o660, owner); err != nil {
		return fmt.Errorf("disk %s in storage domain %q: %w", disk.ID, domain.Name, err)
	}
	return nil
}
