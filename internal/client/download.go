package client

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/uuid"
)

// DownloadOptions say in which form a disk is wanted.
type DownloadOptions struct {
	// Format is raw, for what a guest sees of the disk, or cow for its image; empty is
	// the disk's own.
	Format string
	// NoChecksum leaves out the comparison at the end.
	NoChecksum bool
	// Progress is told how many bytes were moved; nil is told nothing.
	Progress func(done, total int64)
}

// Download makes a file of a disk, which is not there until it is whole. A file of
// that name must not be there.
func (s *Session) Download(ctx context.Context, disk *Disk, path string, options DownloadOptions) (moved *Moved, err error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, &UnusableError{path + " is there already."}
	}
	id := uuid.NewString()
	made, err := s.begin(ctx, &transfer{
		Disk: &named{ID: disk.ID}, Direction: "download", Format: options.Format, TimeoutPolicy: "cancel", InactivityTimeout: silence,
	}, id)
	if err != nil {
		return nil, fmt.Errorf("beginning the download: %w", err)
	}
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.part")
	if err == nil {
		moved, err = s.receive(ctx, file, made, options)
		err = errors.Join(err, file.Close())
		if err == nil {
			err = s.finalize(ctx, made, id)
		}
		if err == nil {
			err = place(file.Name(), path)
		}
		_ = os.Remove(file.Name()) // it may have been renamed
	}
	if err != nil {
		s.giveUp(ctx, made)
		return nil, fmt.Errorf("downloading disk %s: %w", disk.Alias, err)
	}
	moved.Disk = disk
	return moved, nil
}

// receive moves all there is from the data endpoint to a file, and compares the
// checksums.
func (s *Session) receive(ctx context.Context, file *os.File, made *transfer, options DownloadOptions) (*Moved, error) {
	from := &data{Session: s, transfer: made, progress: options.Progress}
	var extents []extent
	err := from.patiently(ctx, func() (err error) {
		extents, err = from.extents(ctx)
		return err
	})
	if err != nil {
		return nil, err
	}
	size := int64(0)
	var wanted []extent
	for _, e := range extents {
		size = max(size, e.Start+e.Length)
		if !e.Zero {
			wanted = append(wanted, e)
			from.total += e.Length
		}
	}
	if err := file.Truncate(size); err != nil {
		return nil, err
	}
	err = from.each(ctx, wanted, func(ctx context.Context, part extent) error { return from.get(ctx, file, part) })
	if err != nil {
		return nil, err
	}
	moved := &Moved{Bytes: size}
	if !options.NoChecksum {
		if moved.Checksum, err = from.compare(ctx, file, size, size); err != nil {
			return nil, err
		}
	}
	return moved, file.Sync()
}

// place gives a file its name. A link does not replace what has come there meanwhile,
// but not every file system has links.
func place(made, path string) error {
	err := os.Link(made, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	return os.Rename(made, path)
}
