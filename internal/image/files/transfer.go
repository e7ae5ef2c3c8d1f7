package files

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"vireo/internal/image"
	"vireo/internal/model"
)

// OpenTransfer opens the file itself where that is what is wanted, a new file beside
// it for an image that is uploaded, and otherwise what QEMU makes of it.
func (f *Files) OpenTransfer(ctx context.Context, domain *model.StorageDomain, spec image.TransferSpec) (image.Content, error) {
	content, err := f.openTransfer(ctx, domain, spec)
	if err != nil {
		return nil, fmt.Errorf("opening disk %s in storage domain %q for a transfer: %w", spec.Disk.ID, domain.Name, err)
	}
	return content, nil
}

func (f *Files) openTransfer(ctx context.Context, domain *model.StorageDomain, spec image.TransferSpec) (image.Content, error) {
	disk := spec.Disk
	dir, err := open(domain)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	if err := checkIDs(disk.ID, disk.Volume, spec.Transfer); err != nil {
		return nil, err
	}
	if spec.Format == model.DiskCOW && disk.Format == model.DiskCOW && spec.Write {
		return openStage(dir, spec)
	}
	info, err := f.inspect(ctx, domain, dir, disk)
	if err != nil {
		return nil, err
	}
	volume := filepath.Join(group(disk.ID), string(disk.Volume))
	switch {
	case spec.Format == model.DiskRaw && disk.Format == model.DiskRaw:
		return openVolume(dir, volume, info.VirtualSize, spec)
	case spec.Format == model.DiskRaw:
		return f.serveVolume(ctx, filepath.Join(root(domain), volume), spec)
	case disk.Format == model.DiskCOW && info.BackingFilename == "":
		return openImage(dir, volume)
	}
	return nil, fmt.Errorf("its volume is no image file of its own: %w", image.ErrUnsafe)
}

// openVolume opens a raw volume in place.
func openVolume(dir *os.Root, volume string, size int64, spec image.TransferSpec) (image.Content, error) {
	flag := os.O_RDONLY
	if spec.Write {
		flag = os.O_RDWR
	}
	file, err := dir.OpenFile(volume, flag|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, explain(err)
	}
	return &content{file: file, limit: size, size: size, sparse: spec.Disk.Sparse}, nil
}

// openImage opens an image file to be read as it is.
func openImage(dir *os.Root, volume string) (image.Content, error) {
	file, err := dir.OpenFile(volume, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, explain(err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, explain(errors.Join(err, file.Close()))
	}
	return &content{file: file, limit: info.Size(), size: info.Size()}, nil
}

// stage is the name under which an image is collected.
func stage(spec image.TransferSpec) string {
	return part(filepath.Join(group(spec.Disk.ID), string(spec.Disk.Volume)+"."+string(spec.Transfer)))
}

// openStage opens the file that an image is collected in.
func openStage(dir *os.Root, spec image.TransferSpec) (image.Content, error) {
	if err := folder(dir, group(spec.Disk.ID)); err != nil {
		return nil, err
	}
	file, err := dir.OpenFile(stage(spec), os.O_RDWR|os.O_CREATE|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, explain(err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, explain(errors.Join(err, file.Close()))
	}
	return &content{file: file, limit: imageLimit(spec.Disk.ProvisionedSize), size: info.Size(), sparse: true}, nil
}

// imageLimit is how long an image file of a virtual size may be: its tables take at
// most a tenth of that, and a little (api-v4 7.3).
func imageLimit(size int64) int64 { return size + size/10 + 4<<20 }

// FinishTransfer has nothing to do where the bytes went to the disk itself.
func (f *Files) FinishTransfer(ctx context.Context, domain *model.StorageDomain, spec image.TransferSpec) error {
	err := f.finishTransfer(ctx, domain, spec)
	if err != nil {
		return fmt.Errorf("finishing an upload to disk %s in storage domain %q: %w", spec.Disk.ID, domain.Name, err)
	}
	return nil
}

func (f *Files) finishTransfer(ctx context.Context, domain *model.StorageDomain, spec image.TransferSpec) error {
	dir, err := open(domain)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := checkIDs(spec.Disk.ID, spec.Disk.Volume, spec.Transfer); err != nil {
		return err
	}
	if spec.Format == model.DiskCOW {
		if _, err := regular(dir, stage(spec)); !errors.Is(err, image.ErrNotFound) {
			return errors.Join(err, f.publishStage(ctx, domain, dir, spec))
		}
	}
	_, err = f.inspect(ctx, domain, dir, spec.Disk)
	return err
}

// publishStage checks the collected image and puts it into the place of the disk's
// volume, whose owner and mode it takes over.
func (f *Files) publishStage(ctx context.Context, domain *model.StorageDomain, dir *os.Root, spec image.TransferSpec) error {
	name, volume := stage(spec), filepath.Join(group(spec.Disk.ID), string(spec.Disk.Volume))
	size, err := f.acceptable(ctx, domain, dir, name, spec.Disk.ProvisionedSize)
	if err != nil {
		return err
	}
	if size < spec.Disk.ProvisionedSize {
		err := f.run(ctx, making, nil, "resize", "-q", "-f", "qcow2", filepath.Join(root(domain), name), number(spec.Disk.ProvisionedSize))
		if err != nil {
			return err
		}
	}
	was, err := regular(dir, volume)
	if err != nil {
		return err
	}
	owner := image.Owner{UID: -1, GID: -1}
	if stat, ok := was.Sys().(*syscall.Stat_t); ok {
		owner = image.Owner{UID: int(stat.Uid), GID: int(stat.Gid)}
	}
	if err := own(dir, name, was.Mode().Perm(), owner); err != nil {
		return err
	}
	file, err := dir.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return explain(err)
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return explain(err)
	}
	if err := dir.Rename(name, volume); err != nil {
		return explain(err)
	}
	return syncFolder(dir, filepath.Dir(volume))
}

// acceptable checks an image that a stranger has sent, and gives its virtual size.
func (f *Files) acceptable(ctx context.Context, domain *model.StorageDomain, dir *os.Root, name string, most int64) (int64, error) {
	info, err := f.inspectOne(ctx, domain, dir, name, "qcow2")
	refused := func(format string, args ...any) (int64, error) {
		return 0, &image.RefusedError{Reason: fmt.Sprintf(format, args...)}
	}
	switch {
	case errors.Is(err, errDataFile):
		return refused("The image keeps its data in another file.")
	case errors.Is(err, image.ErrUnsafe):
		_, refusal := refused("The image cannot be read as qcow2.")
		return 0, errors.Join(refusal, err)
	case err != nil:
		return 0, err
	case info.BackingFilename != "":
		return refused("The image stands on a backing file; it must stand alone.")
	case info.Encrypted:
		return refused("The image is encrypted.")
	case info.VirtualSize > most:
		return refused("The image has a virtual size of %d bytes, and the disk has %d.", info.VirtualSize, most)
	}
	return info.VirtualSize, nil
}

// AbandonTransfer removes the collected file.
func (f *Files) AbandonTransfer(ctx context.Context, domain *model.StorageDomain, spec image.TransferSpec) error {
	if err := errors.Join(ctx.Err(), checkIDs(spec.Disk.ID, spec.Disk.Volume, spec.Transfer)); err != nil {
		return err
	}
	dir, err := open(domain)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Remove(stage(spec)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing what was uploaded to disk %s: %w", spec.Disk.ID, explain(err))
	}
	return nil
}
