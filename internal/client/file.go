package client

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"vireo/internal/image/blockhash"
)

// Image is a file with a disk image.
type Image struct {
	// Format is raw, or cow for qcow2.
	Format string
	// Length is that of the file, Size that of the disk in it, in bytes.
	Length, Size int64
}

// UnusableError says why a file cannot be uploaded.
type UnusableError struct{ Reason string }

// Error gives the reason.
func (e *UnusableError) Error() string { return e.Reason }

// sector is what the size of a disk is a multiple of.
const sector = 512

// others are beginnings of files that are neither raw nor qcow2, and what to do.
var others = map[string]string{
	"KDMV": "a VMDK image; convert it: qemu-img convert -O qcow2", "vhdxfile": "a VHDX image; convert it: qemu-img convert -O qcow2",
	"conectix": "a VHD image; convert it: qemu-img convert -O qcow2", "\x1f\x8b": "compressed by gzip; unpack it first",
	"\xfd7zXZ": "compressed by xz; unpack it first", "BZh": "compressed by bzip2; unpack it first",
	"\x28\xb5\x2f\xfd": "compressed by zstd; unpack it first", "PK\x03\x04": "a ZIP archive; unpack it first",
}

// Inspect finds out what image a file holds, by its beginning: what is nothing else is
// raw.
func Inspect(file *os.File) (*Image, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	unusable := func(format string, args ...any) (*Image, error) {
		return nil, &UnusableError{file.Name() + fmt.Sprintf(format, args...)}
	}
	if !info.Mode().IsRegular() {
		return unusable(" is no regular file.")
	}
	header := make([]byte, 72)
	n, err := file.ReadAt(header, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	header = header[:n]
	if n == 0 {
		return unusable(" is empty.")
	}
	for beginning, what := range others {
		if len(header) >= len(beginning) && string(header[:len(beginning)]) == beginning {
			return unusable(" is %s.", what)
		}
	}
	if n < 4 || string(header[:4]) != "QFI\xfb" {
		return &Image{Format: "raw", Length: info.Size(), Size: (info.Size() + sector - 1) / sector * sector}, nil
	}
	if n < 72 {
		return unusable(" is cut off.")
	}
	version, backing, size := binary.BigEndian.Uint32(header[4:]), binary.BigEndian.Uint64(header[8:]), binary.BigEndian.Uint64(header[24:])
	switch {
	case version != 2 && version != 3:
		return unusable(" is an image of version %d of QCOW; convert it: qemu-img convert -O qcow2.", version)
	case backing != 0:
		return unusable(" stands on a backing file; convert it, which puts both together: qemu-img convert -O qcow2.")
	case size == 0 || size > 1<<62:
		return unusable(" has the impossible size of %d bytes.", size)
	}
	return &Image{Format: "cow", Length: info.Size(), Size: (int64(size) + sector - 1) / sector * sector}, nil
}

// extentsOf are the ranges of a file with data and those without.
func extentsOf(file *os.File, length int64) (found []extent, err error) {
	for offset := int64(0); offset < length; {
		start, err := unix.Seek(int(file.Fd()), offset, unix.SEEK_DATA)
		end := length
		switch {
		case errors.Is(err, syscall.ENXIO):
			start = length
		case errors.Is(err, syscall.EINVAL):
			start = offset // it does not say
		case err != nil:
			return nil, err
		default:
			if end, err = unix.Seek(int(file.Fd()), start, unix.SEEK_HOLE); err != nil {
				return nil, err
			}
		}
		start, end = min(start, length), min(end, length)
		if start > offset {
			found = append(found, extent{Start: offset, Length: start - offset, Zero: true})
		}
		if end > start {
			found = append(found, extent{Start: start, Length: end - start})
		}
		offset = end
	}
	return found, nil
}

// hashFile makes the checksum of a file, as if it had zeros up to size.
func hashFile(ctx context.Context, file *os.File, length, size int64) (string, error) {
	hash, err := blockhash.Default.New()
	if err != nil {
		return "", err
	}
	extents, err := extentsOf(file, length)
	if err != nil {
		return "", err
	}
	buffer := make([]byte, 1<<20)
	for _, e := range extents {
		if e.Zero {
			err = hash.Zero(e.Length)
		}
		for offset := e.Start; !e.Zero && err == nil && offset < e.Start+e.Length; {
			part := buffer[:min(int64(len(buffer)), e.Start+e.Length-offset)]
			_, err = file.ReadAt(part, offset)
			hash.Write(part)
			offset += int64(len(part))
			err = errors.Join(err, ctx.Err())
		}
		if err != nil {
			return "", fmt.Errorf("making the checksum of %s: %w", file.Name(), err)
		}
	}
	err = hash.Zero(size - length)
	return hash.Sum(), err
}
