package files

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"vireo/internal/image"
)

// copied at a time, in bytes: so often the context is asked and the progress told.
const (
	chunk = 8 << 20
	grain = 64 << 10 // where zeros are looked for
)

// piece is one file that is copied as it is.
type piece struct {
	from, to         *os.Root
	fromName, toName string
	// shareable says that the blocks may be those of the source: of a preallocated
	// volume they may not, which would have to find room when it is written to.
	shareable bool
}

// copy makes the new file, which must not be there; with full it has all its space.
// When it fails a part of the file is left.
func (p piece) copy(ctx context.Context, full bool, progress image.Progress) (err error) {
	from, err := p.from.OpenFile(p.fromName, os.O_RDONLY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return explain(err)
	}
	defer from.Close()
	to, err := p.to.OpenFile(p.toName, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return explain(err)
	}
	defer func() { err = errors.Join(err, explain(to.Close())) }()
	info, err := from.Stat()
	if err != nil {
		return explain(err)
	}
	if p.shareable && !full {
		err := unix.IoctlFileClone(int(to.Fd()), int(from.Fd()))
		if err == nil {
			progress(max(info.Size(), 1), max(info.Size(), 1))
			return nil
		}
		if !cannotShare(err) {
			return explain(err)
		}
	}
	if full {
		err = allocate(to, info.Size())
	} else {
		err = to.Truncate(info.Size())
	}
	if err != nil {
		return explain(err)
	}
	return explain(fill(ctx, to, from, info, p.shareable && !full, progress))
}

// cannotShare tells that two files cannot have blocks in common from a failure.
func cannotShare(err error) bool {
	for _, known := range []error{unix.EXDEV, unix.EOPNOTSUPP, unix.ENOTTY, unix.EINVAL, unix.ENOSYS, unix.ETXTBSY, unix.EPERM} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// fill copies the data of one file to another, which is of that size and empty;
// where the one has nothing the other gets nothing.
func fill(ctx context.Context, to, from *os.File, info os.FileInfo, inKernel bool, progress image.Progress) error {
	total := info.Size()
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		total = min(total, stat.Blocks*512)
	}
	move := byReading
	// A file system that says nothing of holes would have them all written out.
	if whole, err := unix.Seek(int(from.Fd()), 0, unix.SEEK_HOLE); inKernel && err == nil && (whole < info.Size() || total == info.Size()) {
		move = inside
	}
	var done int64
	for offset := int64(0); ; {
		start, err := unix.Seek(int(from.Fd()), offset, unix.SEEK_DATA)
		if errors.Is(err, unix.ENXIO) {
			progress(max(total, 1), max(total, 1))
			return nil
		}
		if err != nil {
			return err
		}
		end, err := unix.Seek(int(from.Fd()), start, unix.SEEK_HOLE)
		if err != nil {
			return err
		}
		for offset = start; offset < end; {
			if err := ctx.Err(); err != nil {
				return err
			}
			n, err := move(to, from, offset, min(chunk, end-offset))
			if cannotShare(err) {
				move = byReading
				continue
			}
			if err != nil {
				return err
			}
			hurry(to, offset, n)
			offset, done = offset+n, done+n
			progress(min(done, total), total)
		}
	}
}

// hurry has the kernel begin to write a part of a file to the disk, a length of 0 being
// all of it: at its end, when the file is made to last, there is less to wait for.
func hurry(file *os.File, offset, length int64) {
	if file != nil {
		_ = unix.SyncFileRange(int(file.Fd()), offset, length, unix.SYNC_FILE_RANGE_WRITE) // what it may not do is done later
	}
}

// inside has the kernel copy, or its file server.
func inside(to, from *os.File, offset, length int64) (int64, error) {
	in, out := offset, offset
	n, err := unix.CopyFileRange(int(from.Fd()), &in, int(to.Fd()), &out, int(length), 0)
	switch {
	case errors.Is(err, unix.EINTR):
		return 0, nil
	case err == nil && n == 0:
		return 0, unix.EOPNOTSUPP // some file systems say so
	}
	return int64(n), err
}

// byReading copies through memory and leaves out blocks of zeros.
func byReading(to, from *os.File, offset, length int64) (int64, error) {
	buffer := make([]byte, length)
	n, err := from.ReadAt(buffer, offset)
	if n == 0 || err != nil && !errors.Is(err, io.EOF) {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return 0, err
	}
	for at := 0; at < n; at += grain {
		block := buffer[at:min(at+grain, n)]
		if bytes.Equal(block, zeros[:len(block)]) {
			continue
		}
		if _, err := to.WriteAt(block, offset+int64(at)); err != nil {
			return 0, err
		}
	}
	return int64(n), nil
}
