package files

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"vireo/internal/model"
)

// Reserve is for what QEMU leaves out when it grows an image that is in use.
func (f *Files) Reserve(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, size int64) error {
	if err := f.reserve(ctx, domain, disk, size); err != nil {
		return fmt.Errorf("reserving space for disk %s in storage domain %q: %w", disk.ID, domain.Name, err)
	}
	return nil
}

func (f *Files) reserve(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, size int64) error {
	if disk.Format != model.DiskRaw || disk.Sparse {
		return errors.New("the disk is not raw and preallocated")
	}
	dir, err := open(domain)
	if err != nil {
		return err
	}
	defer dir.Close()
	info, err := f.inspect(ctx, domain, dir, disk)
	if err != nil {
		return err
	}
	if err := hasRoom(domain, size-info.VirtualSize); err != nil {
		return err
	}
	file, err := dir.OpenFile(filepath.Join(group(disk.ID), string(disk.Volume)), os.O_RDWR, 0)
	if err != nil {
		return explain(err)
	}
	defer file.Close()
	return explain(allocate(file, size))
}

// allocate gives a file size bytes of space. What it holds stays; after a failure
// it is as long as before.
func allocate(file *os.File, size int64) error {
	before, err := file.Stat()
	if err != nil {
		return err
	}
	for {
		err = unix.Fallocate(int(file.Fd()), 0, 0, size)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return errors.Join(err, file.Truncate(before.Size()))
		}
		return file.Sync()
	}
}
