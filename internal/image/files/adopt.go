package files

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"vireo/internal/image"
	"vireo/internal/model"
)

// Look reads the file, which it has opened once: nothing can be put in its place.
func (f *Files) Look(ctx context.Context, domain *model.StorageDomain, foreign image.Foreign) (image.Found, error) {
	found, err := f.lookForeign(ctx, domain, foreign)
	if err != nil {
		return image.Found{}, fmt.Errorf("looking at an image for storage domain %q: %w", domain.Name, err)
	}
	return found, nil
}

func (f *Files) lookForeign(ctx context.Context, domain *model.StorageDomain, foreign image.Foreign) (image.Found, error) {
	if err := ctx.Err(); err != nil {
		return image.Found{}, err
	}
	dir, err := open(domain)
	if err != nil {
		return image.Found{}, err
	}
	defer dir.Close()
	file, err := f.openForeign(dir, foreign)
	if err != nil {
		return image.Found{}, err
	}
	defer file.Close()
	if err := file.alone(); err != nil {
		return image.Found{}, err
	}
	return f.describe(ctx, file, foreign.Format)
}

// Adopt makes a hard link of the file that it has opened, first under a temporary name,
// where it is looked at.
func (f *Files) Adopt(ctx context.Context, domain *model.StorageDomain, spec image.VolumeSpec, foreign image.Foreign) (image.Found, error) {
	found, err := f.adopt(ctx, domain, spec, foreign)
	if err != nil {
		return image.Found{}, fmt.Errorf("adopting an image as disk %s of storage domain %q: %w", spec.Disk, domain.Name, err)
	}
	return found, nil
}

func (f *Files) adopt(ctx context.Context, domain *model.StorageDomain, spec image.VolumeSpec, foreign image.Foreign) (image.Found, error) {
	if err := errors.Join(ctx.Err(), checkIDs(spec.Disk, spec.Volume)); err != nil {
		return image.Found{}, err
	}
	dir, err := open(domain)
	if err != nil {
		return image.Found{}, err
	}
	defer dir.Close()
	file, err := f.openForeign(dir, foreign)
	if err != nil {
		return image.Found{}, err
	}
	defer file.Close()
	volume := filepath.Join(group(spec.Disk), string(spec.Volume))
	if there, err := regular(dir, volume); err == nil {
		if !os.SameFile(there, file.info) {
			return image.Found{}, fmt.Errorf("%s is another file: %w", volume, image.ErrUnsafe)
		}
		return f.describe(ctx, file, foreign.Format)
	} else if !errors.Is(err, image.ErrNotFound) {
		return image.Found{}, err
	}
	if err := makeFolder(dir, group(spec.Disk)); err != nil {
		return image.Found{}, err
	}
	found, err := f.adoptLink(ctx, domain, dir, volume, spec, file, foreign.Format)
	if err != nil {
		discard(dir, volume)
	}
	return found, err
}

func (f *Files) adoptLink(ctx context.Context, domain *model.StorageDomain, dir *os.Root, volume string, spec image.VolumeSpec, file *foreignFile, format model.DiskFormat) (image.Found, error) {
	if err := dir.RemoveAll(part(volume)); err != nil {
		return image.Found{}, explain(err)
	}
	if err := file.alone(); err != nil {
		return image.Found{}, err
	}
	if err := file.link(dir, part(volume)); err != nil {
		return image.Found{}, err
	}
	there, err := regular(dir, part(volume))
	switch {
	case err != nil:
		return image.Found{}, err
	case !os.SameFile(there, file.info):
		return image.Found{}, fmt.Errorf("%s is another file: %w", part(volume), image.ErrUnsafe)
	case names(there) != 2: // somebody else has made it a disk at the same time
		return image.Found{}, image.ErrLinked
	}
	found, err := f.describe(ctx, file, format)
	if err != nil {
		return image.Found{}, err
	}
	spec.Size, spec.Format = found.Size, format
	if err := writeMeta(dir, domain, volume, metaOf(domain, spec), spec.Owner); err != nil {
		return image.Found{}, err
	}
	return found, ready(dir, volume)
}

// link gives the very file that is open another name.
func (f *foreignFile) link(dir *os.Root, name string) error {
	folder, err := dir.Open(filepath.Dir(name))
	if err != nil {
		return explain(err)
	}
	defer folder.Close()
	err = unix.Linkat(unix.AT_FDCWD, f.proc(), int(folder.Fd()), filepath.Base(name), unix.AT_SYMLINK_FOLLOW)
	if errors.Is(err, unix.EXDEV) {
		return fmt.Errorf("%w: %w", image.ErrElsewhere, err)
	}
	return explain(err)
}

// Own sets owner and mode of the disk's volume.
func (f *Files) Own(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, owner image.Owner) error {
	return setOwner(ctx, domain, disk, image.Kept{Owner: owner, Mode: 0o660})
}

// GiveBack sets them as they were.
func (f *Files) GiveBack(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, kept image.Kept) error {
	err := setOwner(ctx, domain, disk, kept)
	if errors.Is(err, image.ErrNotFound) {
		return nil
	}
	return err
}

func setOwner(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, kept image.Kept) error {
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
	if err := own(dir, volume, kept.Mode, kept.Owner); err != nil {
		return fmt.Errorf("disk %s in storage domain %q: %w", disk.ID, domain.Name, err)
	}
	return nil
}
