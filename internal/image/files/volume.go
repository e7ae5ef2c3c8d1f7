package files

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"vireo/internal/image"
	"vireo/internal/model"
)

// formats are qemu-img's names.
var formats = map[model.DiskFormat]string{model.DiskCOW: "qcow2", model.DiskRaw: "raw"}

// Create makes a volume that is complete as soon as it is there.
func (f *Files) Create(ctx context.Context, domain *model.StorageDomain, spec image.VolumeSpec) error {
	if err := f.create(ctx, domain, spec); err != nil {
		return fmt.Errorf("making volume %s of disk %s in storage domain %q: %w", spec.Volume, spec.Disk, domain.Name, err)
	}
	return nil
}

func (f *Files) create(ctx context.Context, domain *model.StorageDomain, spec image.VolumeSpec) error {
	if err := checkIDs(spec.Disk, spec.Volume); err != nil {
		return err
	}
	dir, err := open(domain)
	if err != nil {
		return err
	}
	defer dir.Close()
	volume := filepath.Join(group(spec.Disk), string(spec.Volume))
	if _, err := regular(dir, volume); !errors.Is(err, image.ErrNotFound) {
		return err // it is there, or it cannot be
	}
	if !spec.Sparse {
		if err := hasRoom(domain, spec.Size); err != nil {
			return err
		}
	}
	if err := makeFolder(dir, group(spec.Disk)); err != nil {
		return err
	}
	if err := f.makeVolume(ctx, domain, dir, volume, spec); err != nil {
		discard(dir, volume)
		return err
	}
	return nil
}

// makeVolume makes the image under its temporary name and publishes it.
func (f *Files) makeVolume(ctx context.Context, domain *model.StorageDomain, dir *os.Root, volume string, spec image.VolumeSpec) error {
	if err := dir.RemoveAll(part(volume)); err != nil {
		return explain(err)
	}
	err := f.run(ctx, making, nil, "create", "-q", "-f", formats[spec.Format], "-o", preallocation(spec.Sparse),
		filepath.Join(root(domain), part(volume)), number(spec.Size))
	if err != nil {
		return err
	}
	return publish(dir, domain, volume, metaOf(domain, spec), spec.Owner)
}

// preallocation is the tool's option: of qcow2 its tables, and space for all clusters.
func preallocation(sparse bool) string {
	if sparse {
		return "preallocation=off"
	}
	return "preallocation=falloc"
}

// metaOf is the metadata of a volume that stands alone.
func metaOf(domain *model.StorageDomain, spec image.VolumeSpec) meta {
	return meta{
		domain: domain.ID, disk: spec.Disk, format: spec.Format, sparse: spec.Sparse, size: spec.Size,
		description: description(spec.Alias, spec.Description), role: roleOf(spec),
	}
}

// publish gives the image that is complete under its temporary name to its owner,
// writes its metadata and then gives it its name.
func publish(dir *os.Root, domain *model.StorageDomain, volume string, m meta, owner image.Owner) error {
	if err := own(dir, part(volume), 0o660, owner); err != nil {
		return err
	}
	if err := writeMeta(dir, domain, volume, m, owner); err != nil {
		return err
	}
	return ready(dir, volume)
}

// discard takes away what an attempt has left of a volume that was not made, and
// the group's folder unless there is more in it.
func discard(dir *os.Root, volume string) {
	for _, name := range []string{part(volume), volume + ".meta", volume + ".lease", filepath.Dir(volume)} {
		_ = dir.Remove(name)
	}
}

// Resize grows the volume, then its metadata.
func (f *Files) Resize(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, size int64) error {
	if err := f.resize(ctx, domain, disk, size); err != nil {
		return fmt.Errorf("growing disk %s in storage domain %q: %w", disk.ID, domain.Name, err)
	}
	return nil
}

func (f *Files) resize(ctx context.Context, domain *model.StorageDomain, disk *model.Disk, size int64) error {
	dir, err := open(domain)
	if err != nil {
		return err
	}
	defer dir.Close()
	info, err := f.inspect(ctx, domain, dir, disk)
	if err != nil {
		return err
	}
	volume := filepath.Join(group(disk.ID), string(disk.Volume))
	if info.VirtualSize < size {
		args := []string{"resize", "-q", "-f", formats[disk.Format]}
		if !disk.Sparse {
			if err := hasRoom(domain, size-info.VirtualSize); err != nil {
				return err
			}
			args = append(args, "--preallocation=falloc")
		}
		if err := f.run(ctx, making, nil, append(args, filepath.Join(root(domain), volume), number(size))...); err != nil {
			return err
		}
	}
	return resizeMeta(dir, volume, max(size, info.VirtualSize))
}

// Occupied adds up the blocks of all files of the group but the metadata, and but what
// is a template's.
func (f *Files) Occupied(ctx context.Context, domain *model.StorageDomain, disk model.ID) (int64, error) {
	if err := errors.Join(ctx.Err(), checkIDs(disk)); err != nil {
		return 0, err
	}
	dir, err := open(domain)
	if err != nil {
		return 0, err
	}
	defer dir.Close()
	if err := folder(dir, group(disk)); err != nil {
		return 0, err
	}
	names, err := list(dir, group(disk))
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, name := range names {
		if checkIDs(model.ID(name)) == nil {
			sum += occupied(dir, disk, filepath.Join(group(disk), name))
		}
	}
	return sum, nil
}

// occupied is how many bytes a volume of a group takes up; 0 for what is none, or gone,
// or counts for another group.
func occupied(dir *os.Root, disk model.ID, volume string) int64 {
	info, err := dir.Lstat(volume)
	if err != nil || !info.Mode().IsRegular() || linked(info) && ofAnother(dir, disk, volume) {
		return 0
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Blocks * 512
	}
	return 0
}

// list is the names in a directory.
func list(dir *os.Root, name string) ([]string, error) {
	file, err := dir.Open(name)
	if err != nil {
		return nil, explain(err)
	}
	defer file.Close()
	names, err := file.Readdirnames(-1)
	return names, explain(err)
}
