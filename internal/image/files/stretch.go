package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"vireo/internal/image"
	"vireo/internal/model"
)

// MeasureStretch asks qemu-img, which looks at what is allocated.
func (f *Files) MeasureStretch(ctx context.Context, from image.Source) (int64, error) {
	fail := func(err error) (int64, error) {
		return 0, fmt.Errorf("measuring disk %s of storage domain %q: %w", from.Disk.ID, from.Domain.Name, err)
	}
	source, err := f.openSource(ctx, from)
	if err != nil {
		return fail(err)
	}
	defer source.dir.Close()
	var found measurement
	if err := f.run(ctx, converting, &found, "measure", "--output=json", "-U", "-O", "qcow2", "-f", formats[source.disk.Format], source.path); err != nil {
		return fail(err)
	}
	return found.Required, nil
}

// measurement is the part of the answer of qemu-img measure that matters.
type measurement struct {
	Required int64 `json:"required"`
}

// WriteStretch has qemu-img write into the middle of the file, where an empty image was
// put before: it makes new ones in files of their own only.
func (f *Files) WriteStretch(ctx context.Context, from image.Source, to image.Stretch, progress image.Progress) error {
	if err := f.writeStretch(ctx, from, to, heard(progress)); err != nil {
		return fmt.Errorf("writing disk %s of storage domain %q to a file: %w", from.Disk.ID, from.Domain.Name, err)
	}
	return nil
}

func (f *Files) writeStretch(ctx context.Context, from image.Source, to image.Stretch, progress image.Progress) error {
	if to.Format != image.FileQCOW2 {
		return fmt.Errorf("the format %.20q is not written: %w", to.Format, image.ErrUnsafe)
	}
	source, err := f.openSource(ctx, from)
	if err != nil {
		return err
	}
	defer source.dir.Close()
	if err := f.putEmpty(ctx, to, source.info.VirtualSize); err != nil {
		return err
	}
	told := func(out io.Reader) {
		readPercents(out, func(percent float64) {
			progress(int64(float64(source.info.VirtualSize)*percent/100), source.info.VirtualSize)
		})
	}
	return f.followOn(ctx, converting, to.File, told, "convert", "-p", "-n", "--target-is-zero", "-S", "4k",
		"-f", formats[source.disk.Format], source.path, "--target-image-opts", options(to))
}

// putEmpty writes an image that holds nothing at the beginning of a stretch.
func (f *Files) putEmpty(ctx context.Context, to image.Stretch, size int64) error {
	fd, err := unix.MemfdCreate("empty.qcow2", unix.MFD_CLOEXEC)
	if err != nil {
		return fmt.Errorf("making a file in memory: %w", err)
	}
	empty := os.NewFile(uintptr(fd), "empty.qcow2")
	defer empty.Close()
	if err := f.runOn(ctx, making, empty, nil, "create", "-q", "-f", "qcow2", theFile, number(size)); err != nil {
		return err
	}
	info, err := empty.Stat()
	if err != nil {
		return explain(err)
	}
	if info.Size() > to.Length {
		return fmt.Errorf("the stretch has %d bytes and needs %d: %w", to.Length, info.Size(), image.ErrOutside)
	}
	_, err = io.Copy(io.NewOffsetWriter(to.File, to.Offset), io.NewSectionReader(empty, 0, info.Size()))
	return explain(err)
}

// options are those by which the tool opens a stretch, and nothing else.
func options(of image.Stretch) string {
	length := (of.Length + tarBlock - 1) / tarBlock * tarBlock
	return "driver=" + string(of.Format) + ",file.driver=raw,file.offset=" + number(of.Offset) + ",file.size=" + number(length) +
		",file.file.driver=file,file.file.filename=" + theFile
}

// tarBlock is what stretches begin at multiples of, in bytes, and raw images of the tool end at.
const tarBlock = 512

// InspectStretch looks at the header itself before the tool does.
func (f *Files) InspectStretch(ctx context.Context, from image.Stretch) (int64, error) {
	size, err := f.inspectStretch(ctx, from)
	if err != nil {
		return 0, fmt.Errorf("looking at an image in a file: %w", err)
	}
	return size, nil
}

func (f *Files) inspectStretch(ctx context.Context, from image.Stretch) (int64, error) {
	refused := func(reason string, cause error) (int64, error) {
		return 0, errors.Join(&image.RefusedError{Reason: reason}, cause)
	}
	check, known := map[image.FileFormat]func(io.ReaderAt, int64) error{
		image.FileQCOW2: checkQCOW2, image.FileVMDK: checkVMDK,
	}[from.Format]
	if !known || from.Offset < 0 || from.Offset%tarBlock != 0 || from.Length <= 0 {
		return refused("The image is of no format that can be read, or lies where none can.", nil)
	}
	err := check(io.NewSectionReader(from.File, from.Offset, from.Length), from.Length)
	switch {
	case errors.Is(err, errDataFile):
		return refused("The image keeps its data in another file.", err)
	case errors.Is(err, image.ErrUnsafe):
		return refused("The image cannot be read as "+string(from.Format)+".", err)
	case err != nil:
		return 0, err
	}
	var info imageInfo
	err = f.runOn(ctx, looking, from.File, &info, "info", "--output=json", "-U", "--image-opts", options(from))
	var failed *toolError
	switch {
	case errors.As(err, &failed) && !errors.Is(err, image.ErrUnavailable):
		return refused("The image cannot be read as "+string(from.Format)+".", err)
	case err != nil:
		return 0, err
	case info.Format != string(from.Format):
		return refused("The image is not "+string(from.Format)+".", nil)
	case info.FormatSpecific.Data.DataFile != "":
		return refused("The image keeps its data in another file.", nil)
	case info.BackingFilename != "":
		return refused("The image stands on a backing file; it must stand alone.", nil)
	case info.Encrypted:
		return refused("The image is encrypted.", nil)
	case info.VirtualSize <= 0 || info.VirtualSize > largestVolume:
		return refused("The image has a virtual size of "+strconv.FormatInt(info.VirtualSize, 10)+" bytes, which no disk has.", nil)
	}
	return info.VirtualSize, nil
}

// measuring is for the tables of images from strangers: those of a large disk may take
// minutes, and those of a crafted one for ever.
var measuring = limits{memory: 1 << 30, cpu: 600, time: 20 * time.Minute}

// needs is what a sparse copy of a stretch takes up at most, in bytes.
func (f *Files) needs(ctx context.Context, from image.Stretch) (int64, error) {
	var found measurement
	err := f.runOn(ctx, measuring, from.File, &found, "measure", "--output=json", "-U", "-O", "qcow2", "--image-opts", options(from))
	if _, failed := errors.AsType[*toolError](err); failed && !errors.Is(err, image.ErrUnavailable) {
		return 0, errors.Join(&image.RefusedError{Reason: "The tables of the image cannot be read."}, err)
	}
	return found.Required, err
}

// ReadStretch converts always: what a stranger has made is not taken as it is.
func (f *Files) ReadStretch(ctx context.Context, from image.Stretch, to *model.StorageDomain, spec image.VolumeSpec, progress image.Progress) error {
	if err := f.readStretch(ctx, from, to, spec, heard(progress)); err != nil {
		return fmt.Errorf("making volume %s of disk %s in storage domain %q of an image in a file: %w", spec.Volume, spec.Disk, to.Name, err)
	}
	return nil
}

func (f *Files) readStretch(ctx context.Context, from image.Stretch, to *model.StorageDomain, spec image.VolumeSpec, progress image.Progress) error {
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
	size, err := f.inspectStretch(ctx, from)
	if err != nil {
		return err
	}
	if spec.Size == 0 {
		spec.Size = size
	}
	needed, err := f.needs(ctx, from)
	if err != nil {
		return err
	}
	if !spec.Sparse {
		needed = max(needed, spec.Size)
	}
	switch {
	case spec.Size < size:
		return fmt.Errorf("it has %d bytes and the volume should have %d: %w", size, spec.Size, image.ErrUnsafe)
	case spec.Size%tarBlock != 0:
		spec.Size += tarBlock - spec.Size%tarBlock
	}
	if err := hasRoom(to, needed); err != nil {
		return err // a small image may hold a lot
	}
	if err := makeFolder(dir, group(spec.Disk)); err != nil {
		return err
	}
	if err := f.makeOfStretch(ctx, from, size, to, dir, volume, spec, progress); err != nil {
		discard(dir, volume)
		return err
	}
	return nil
}

// makeOfStretch makes the image under its temporary name and publishes it.
func (f *Files) makeOfStretch(ctx context.Context, from image.Stretch, size int64, to *model.StorageDomain, dir *os.Root, volume string, spec image.VolumeSpec, progress image.Progress) error {
	if err := dir.RemoveAll(part(volume)); err != nil {
		return explain(err)
	}
	target := filepath.Join(root(to), part(volume))
	told := func(out io.Reader) {
		readPercents(out, func(percent float64) { progress(int64(float64(size)*percent/100), size) })
	}
	err := f.followOn(ctx, converting, from.File, told, "convert", "-p", "-U", "--image-opts", "-O", formats[spec.Format],
		"-S", "4k", "-o", preallocation(spec.Sparse), options(from), target)
	if err != nil {
		return err
	}
	if size < spec.Size {
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
