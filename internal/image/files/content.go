package files

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"vireo/internal/image"
)

// content is a file that bytes are moved to and from: a raw volume, whose size is
// fixed, or an image file as it is.
type content struct {
	file *os.File
	// limit is how far may be written.
	limit  int64
	sparse bool

	mu   sync.Mutex
	size int64 // grows as the file does
}

// smallestHole is the shortest run of zeros that is worth a hole.
const smallestHole = 4096

func (c *content) Size() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.size
}

func (c *content) Limit() int64 { return c.limit }

// checkRange wants a range to lie between 0 and the bound.
func checkRange(offset, length, bound int64) error {
	if offset < 0 || length < 0 || offset > bound || length > bound-offset {
		return fmt.Errorf("%d bytes at %d of %d: %w", length, offset, bound, image.ErrOutside)
	}
	return nil
}

func (c *content) ReadAt(ctx context.Context, p []byte, offset int64) error {
	if err := errors.Join(ctx.Err(), checkRange(offset, int64(len(p)), c.Size())); err != nil {
		return err
	}
	_, err := c.file.ReadAt(p, offset)
	return explain(err)
}

func (c *content) WriteAt(ctx context.Context, p []byte, offset int64) error {
	if err := errors.Join(ctx.Err(), checkRange(offset, int64(len(p)), c.limit)); err != nil {
		return err
	}
	if c.sparse && len(p) >= smallestHole && allZero(p) {
		return c.Zero(ctx, offset, int64(len(p)))
	}
	if _, err := c.file.WriteAt(p, offset); err != nil {
		return explain(err)
	}
	c.grew(offset + int64(len(p)))
	return nil
}

func (c *content) grew(end int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.size = max(c.size, end)
}

// allZero says whether there is nothing but zeros in p.
func allZero(p []byte) bool {
	for len(p) > 0 {
		n := min(len(p), len(zeros))
		if string(p[:n]) != string(zeros[:n]) {
			return false
		}
		p = p[n:]
	}
	return true
}

func (c *content) Zero(ctx context.Context, offset, length int64) error {
	if err := errors.Join(ctx.Err(), checkRange(offset, length, c.limit)); err != nil || length == 0 {
		return err
	}
	if err := c.extend(offset + length); err != nil {
		return err
	}
	mode := uint32(unix.FALLOC_FL_ZERO_RANGE | unix.FALLOC_FL_KEEP_SIZE)
	if c.sparse {
		mode = unix.FALLOC_FL_PUNCH_HOLE | unix.FALLOC_FL_KEEP_SIZE
	}
	err := c.descriptor(func(fd int) error { return unix.Fallocate(fd, mode, offset, length) })
	if errors.Is(err, syscall.EOPNOTSUPP) || errors.Is(err, syscall.EINVAL) {
		return zero(ctx, c.file, offset, offset+length)
	}
	return explain(err)
}

// extend makes a file that grows so long, by a zero at its new end. To set its length
// would cut off what others write behind it at the same time.
func (c *content) extend(end int64) error {
	if end <= c.Size() {
		return nil
	}
	if _, err := c.file.WriteAt([]byte{0}, end-1); err != nil {
		return explain(err)
	}
	c.grew(end)
	return nil
}

func (c *content) Flush(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return explain(c.file.Sync())
}

// Extents asks the file system where there is data. One that does not say has data
// everywhere.
func (c *content) Extents(ctx context.Context, each func(image.Extent) error) error {
	size := c.Size()
	for offset := int64(0); offset < size; {
		if err := ctx.Err(); err != nil {
			return err
		}
		start, end, err := c.data(offset, size)
		if err != nil {
			return err
		}
		if start > offset {
			if err := each(image.Extent{Start: offset, Length: start - offset, Zero: true, Hole: true}); err != nil {
				return err
			}
		}
		if end > start {
			if err := each(image.Extent{Start: start, Length: end - start}); err != nil {
				return err
			}
		}
		offset = end
	}
	return nil
}

// data finds the next data from offset on: both ends are size where there is none.
func (c *content) data(offset, size int64) (start, end int64, err error) {
	err = c.descriptor(func(fd int) error { start, err = unix.Seek(fd, offset, unix.SEEK_DATA); return err })
	switch {
	case errors.Is(err, syscall.ENXIO):
		return size, size, nil
	case errors.Is(err, syscall.EINVAL):
		return offset, size, nil
	case err != nil:
		return 0, 0, explain(err)
	case start >= size:
		return size, size, nil
	}
	err = c.descriptor(func(fd int) error { end, err = unix.Seek(fd, start, unix.SEEK_HOLE); return err })
	if err != nil {
		return 0, 0, explain(err)
	}
	return start, min(end, size), nil
}

func (c *content) Close() error { return explain(c.file.Close()) }

// descriptor does a call on the file, which cannot be closed meanwhile; one that a
// signal has interrupted is done again.
func (c *content) descriptor(call func(fd int) error) error {
	raw, err := c.file.SyscallConn()
	if err != nil {
		return err
	}
	var failure error
	err = raw.Control(func(fd uintptr) {
		for failure = call(int(fd)); errors.Is(failure, syscall.EINTR); {
			failure = call(int(fd))
		}
	})
	return errors.Join(err, failure)
}
