package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"vireo/internal/image"
	"vireo/internal/model"
)

// Remove renames the group first, so that it is never seen half-removed; a
// removal that was interrupted goes on with what is left.
func (f *Files) Remove(ctx context.Context, domain *model.StorageDomain, disk model.ID, wipe bool) error {
	if err := remove(ctx, domain, disk, wipe); err != nil {
		return fmt.Errorf("removing image group %s from storage domain %q: %w", disk, domain.Name, err)
	}
	return nil
}

func remove(ctx context.Context, domain *model.StorageDomain, disk model.ID, wipe bool) error {
	if err := errors.Join(ctx.Err(), checkIDs(disk)); err != nil {
		return err
	}
	dir, err := open(domain)
	if err != nil {
		return err
	}
	defer dir.Close()
	doomed := filepath.Join("images", removedPrefix+string(disk))
	if err := clearGroup(ctx, dir, doomed, wipe); err != nil {
		return err
	}
	err = dir.Rename(group(disk), doomed)
	if errors.Is(err, fs.ErrNotExist) {
		return wantImages(dir, domain)
	}
	if err != nil {
		return explain(err)
	}
	if err := clearGroup(ctx, dir, doomed, wipe); err != nil {
		return err
	}
	return syncFolder(dir, "images")
}

// wantImages tells a group that is not there from a domain that is not there.
func wantImages(dir *os.Root, domain *model.StorageDomain) error {
	if err := folder(dir, "images"); err != nil {
		return unavailable(domain, "its folder of images is gone")
	}
	return nil
}

// clearGroup deletes a group, with wipe overwriting its files first.
func clearGroup(ctx context.Context, dir *os.Root, name string, wipe bool) error {
	err := folder(dir, name)
	if errors.Is(err, image.ErrNotFound) {
		return nil
	}
	if err == nil && wipe {
		names, err := list(dir, name)
		if err != nil {
			return err
		}
		for _, file := range names {
			if err := overwrite(ctx, dir, filepath.Join(name, file)); err != nil {
				return fmt.Errorf("overwriting %s: %w", file, err)
			}
		}
	}
	return explain(dir.RemoveAll(name))
}

// overwrite fills a regular file with zeros where it has data. Holes are left:
// there is nothing in them, and filling them could fill the domain. So is a file that
// has another name, that of a template's volume: it is overwritten with its last one.
func overwrite(ctx context.Context, dir *os.Root, name string) error {
	info, err := regular(dir, name)
	if errors.Is(err, image.ErrUnsafe) {
		return nil // a link or the like holds no data of ours
	}
	if err != nil {
		return err
	}
	if linked(info) {
		return nil
	}
	file, err := dir.OpenFile(name, os.O_RDWR|unix.O_NOFOLLOW, 0)
	if err != nil {
		return explain(err)
	}
	defer file.Close()
	for offset := int64(0); ; {
		start, err := unix.Seek(int(file.Fd()), offset, unix.SEEK_DATA)
		if errors.Is(err, syscall.ENXIO) {
			return explain(file.Sync())
		}
		if err != nil {
			return explain(err)
		}
		end, err := unix.Seek(int(file.Fd()), start, unix.SEEK_HOLE)
		if err != nil {
			return explain(err)
		}
		if err := zero(ctx, file, start, end); err != nil {
			return err
		}
		offset = end
	}
}

var zeros [1 << 20]byte

func zero(ctx context.Context, file io.WriterAt, start, end int64) error {
	for start < end {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := file.WriteAt(zeros[:min(int64(len(zeros)), end-start)], start)
		if err != nil {
			return explain(err)
		}
		start += int64(n)
	}
	return nil
}
