package files

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"vireo/internal/image"
	"vireo/internal/model"
)

// Copy shares or copies the bytes of a volume that stands alone and has the format
// that is wanted; anything else qemu-img converts, which reads through the chain.
func (f *Files) Copy(ctx context.Context, from image.Source, to *model.StorageDomain, spec image.VolumeSpec, progress image.Progress) error {
	if err := f.copy(ctx, from, to, spec, heard(progress)); err != nil {
		return fmt.Errorf("copying disk %s of storage domain %q to volume %s of disk %s in storage domain %q: %w",
			from.Disk.ID, from.Domain.Name, spec.Volume, spec.Disk, to.Name, err)
	}
	return nil
}

// heard is a progress that can always be told.
func heard(progress image.Progress) image.Progress {
	if progress == nil {
		return func(int64, int64) {}
	}
	return progress
}

func (f *Files) copy(ctx context.Context, from image.Source, to *model.StorageDomain, spec image.VolumeSpec, progress image.Progress) error {
	if err := errors.Join(ctx.Err(), checkIDs(spec.Disk, spec.Volume)); err != nil {
		return err
	}
	dir, err := open(to)
	if err != nil {
		return err
	}
	defer dir.Close()
	volume := filepath.Join(group(spec.Disk), string(spec.Volume))
	if _, err := regular(dir, volume); !errors.Is(err, image.ErrNotFound) {
		return err // it is there, or it cannot be
	}
	source, err := f.openSource(ctx, from)
	if err != nil {
		return err
	}
	defer source.dir.Close()
	if spec.Size, err = source.sized(spec.Size); err != nil {
		return err
	}
	if !spec.Sparse {
		if err := hasRoom(to, spec.Size); err != nil {
			return err
		}
	}
	if err := makeFolder(dir, group(spec.Disk)); err != nil {
		return err
	}
	if err := f.makeCopy(ctx, source, to, dir, volume, spec, progress); err != nil {
		discard(dir, volume)
		return err
	}
	return nil
}

// source is the volume that is copied, after it was looked at; dir is to be closed.
type source struct {
	disk *model.Disk
	dir  *os.Root
	// path is absolute, name within dir.
	path, name string
	info       imageInfo
}

func (f *Files) openSource(ctx context.Context, from image.Source) (*source, error) {
	dir, err := open(from.Domain)
	if err != nil {
		return nil, err
	}
	info, err := f.inspect(ctx, from.Domain, dir, from.Disk)
	if err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	name := filepath.Join(group(from.Disk.ID), string(from.Disk.Volume))
	return &source{disk: from.Disk, dir: dir, path: filepath.Join(root(from.Domain), name), name: name, info: info}, nil
}

// sized is how large a copy becomes of which size is wanted, in bytes; 0 leaves that
// to the source.
func (s *source) sized(size int64) (int64, error) {
	switch {
	case size == 0:
		return s.info.VirtualSize, nil
	case size < s.info.VirtualSize:
		return 0, fmt.Errorf("it has %d bytes and its copy should have %d: %w", s.info.VirtualSize, size, image.ErrUnsafe)
	}
	return size, nil
}

// asFile says whether the bytes of the file are the copy that is wanted: the tables
// of a preallocated qcow2 image are the tool's to make.
func (s *source) asFile(spec image.VolumeSpec) bool {
	return s.info.BackingFilename == "" && s.disk.Format == spec.Format && (spec.Sparse || spec.Format == model.DiskRaw)
}

// makeCopy makes the image under its temporary name and publishes it.
func (f *Files) makeCopy(ctx context.Context, source *source, to *model.StorageDomain, dir *os.Root, volume string, spec image.VolumeSpec, progress image.Progress) error {
	if err := dir.RemoveAll(part(volume)); err != nil {
		return explain(err)
	}
	target := filepath.Join(root(to), part(volume))
	var err error
	if source.asFile(spec) {
		piece := piece{from: source.dir, fromName: source.name, to: dir, toName: part(volume), shareable: source.disk.Sparse && spec.Sparse}
		err = piece.copy(ctx, !spec.Sparse, progress)
	} else {
		err = f.convert(ctx, source, dir, part(volume), target, spec, progress)
	}
	if err != nil {
		return err
	}
	if source.info.VirtualSize < spec.Size {
		args := []string{"resize", "-q", "-f", formats[spec.Format]}
		if !spec.Sparse {
			args = append(args, "--preallocation=falloc")
		}
		if err := f.run(ctx, making, nil, append(args, target, number(spec.Size))...); err != nil {
			return err
		}
	}
	return publish(dir, to, volume, metaOf(to, spec), spec.Owner)
}
