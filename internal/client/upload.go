package client

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"vireo/internal/image/blockhash"
)

// UploadOptions say what becomes of a file.
type UploadOptions struct {
	// Name is the alias of the disk; empty is the file's name. StorageDomain is its id
	// or name; empty leaves it to the engine.
	Name, StorageDomain string
	// Format is raw or cow; empty is the file's own.
	Format string
	// Preallocated asks for all of the disk's space at once.
	Preallocated bool
	// NoChecksum leaves out the comparison at the end.
	NoChecksum bool
	// Progress is told how many bytes were moved; nil is told nothing.
	Progress func(done, total int64)
}

// Moved is what was uploaded or downloaded. Checksum is empty where none was made.
type Moved struct {
	Disk     *Disk
	Bytes    int64
	Checksum string
}

// Upload makes a disk of a file. When it fails, or ctx ends, there is no disk.
func (s *Session) Upload(ctx context.Context, path string, options UploadOptions) (*Moved, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	image, err := Inspect(file)
	if err != nil {
		return nil, err
	}
	wanted := &Disk{Alias: options.Name, Format: options.Format, Sparse: !options.Preallocated, ProvisionedSize: image.Size}
	if wanted.Alias == "" {
		wanted.Alias = filepath.Base(path)
	}
	switch {
	case wanted.Format == "":
		wanted.Format = image.Format
	case wanted.Format == "raw" && image.Format == "cow":
		return nil, &UnusableError{path + " is a qcow2 image, and the disk is to be raw; convert it: qemu-img convert -O raw."}
	}
	if image.Format == "cow" {
		wanted.InitialSize = image.Length
	}
	disk, err := s.addDisk(ctx, wanted, options.StorageDomain)
	if err != nil {
		return nil, fmt.Errorf("making the disk: %w", err)
	}
	id := uuid.NewString()
	made, err := s.begin(ctx, &transfer{
		Disk: &named{ID: disk.ID}, Direction: "upload", Format: image.Format, TimeoutPolicy: "cancel", InactivityTimeout: silence,
	}, id)
	if err != nil {
		return nil, fmt.Errorf("beginning the upload: %w", err)
	}
	moved := &Moved{Disk: disk, Bytes: image.Length}
	if moved.Checksum, err = s.send(ctx, file, image, made, options); err == nil {
		err = s.finalize(ctx, made, id)
	}
	if err != nil {
		s.giveUp(ctx, made)
		return nil, fmt.Errorf("uploading %s: %w", path, err)
	}
	return moved, nil
}

// send moves a file to the data endpoint, and compares the checksums.
func (s *Session) send(ctx context.Context, file *os.File, image *Image, made *transfer, options UploadOptions) (string, error) {
	extents, err := extentsOf(file, image.Length)
	if err != nil {
		return "", err
	}
	to := &data{Session: s, transfer: made, progress: options.Progress}
	for _, e := range extents {
		if !e.Zero {
			to.total += e.Length
		}
	}
	err = to.each(ctx, extents, func(ctx context.Context, part extent) error {
		if part.Zero {
			return to.zero(ctx, part)
		}
		return to.put(ctx, file, part)
	})
	if err != nil {
		return "", err
	}
	if err := to.patiently(ctx, func() error { return to.flush(ctx) }); err != nil {
		return "", err
	}
	if options.NoChecksum {
		return "", nil
	}
	size := image.Length
	if image.Format == "raw" {
		size = image.Size
	}
	return to.compare(ctx, file, image.Length, size)
}

// compare wants the file and what the engine has to have the same checksum.
func (d *data) compare(ctx context.Context, file *os.File, length, size int64) (string, error) {
	var here, there string
	both, ctx := errgroup.WithContext(ctx)
	both.Go(func() (err error) {
		here, err = hashFile(ctx, file, length, size)
		return err
	})
	both.Go(func() error {
		return d.patiently(ctx, func() (err error) {
			there, err = d.checksum(ctx, blockhash.Default.Algorithm, blockhash.Default.BlockSize)
			return err
		})
	})
	err := both.Wait()
	if err == nil && here != there {
		err = fmt.Errorf("the checksums differ: %s here and %s there", here, there)
	}
	return here, err
}
