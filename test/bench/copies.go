package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"vireo/internal/image"
	"vireo/internal/image/files"
	"vireo/internal/model"
)

// The image that is copied: its virtual size, and how much of it is written, in bytes.
const (
	copiedSize    = 1 << 30
	copiedContent = 256 << 20
)

// copying is how a disk is copied, and what is timed beside it.
type copying struct {
	what   string
	to     model.DiskFormat
	chain  bool
	beside func(from, to string) [][]string
	limit  float64
}

var copyings = []copying{
	{"copy of a thin disk / qemu-img convert", model.DiskCOW, false, converted("qcow2"), 1.1},
	{"copy of a thin disk / cp --reflink=auto --sparse=always", model.DiskCOW, false, func(from, to string) [][]string {
		return [][]string{{"cp", "--reflink=auto", "--sparse=always", from, to}}
	}, 0},
	{"copy of a thin disk into a raw one / qemu-img convert", model.DiskRaw, false, converted("raw"), 1.1},
	{"copy of a chain, volume by volume / qemu-img convert, which makes one of it", model.DiskCOW, true, converted("qcow2"), 1.1},
}

func converted(format string) func(from, to string) [][]string {
	return func(from, to string) [][]string {
		return [][]string{{"qemu-img", "convert", "-f", "qcow2", "-O", format, from, to}}
	}
}

// measureCopies compares copies of images, as templates, clones and exports make them,
// with the tools. What is copied is written through to the disk by both sides.
func measureCopies(ctx context.Context, s *settings, out *report) error {
	images, err := files.New(files.Options{})
	if err != nil {
		return err
	}
	domain := &model.StorageDomain{
		ID: model.NewID(), Name: "bench", Type: model.StorageDomainData, StorageType: model.StorageLocalFS,
		Path: filepath.Join(s.folder, "copies"), Format: "v3",
	}
	if err := images.Format(ctx, domain); err != nil {
		return err
	}
	c := &copies{images: images, domain: domain, s: s}
	disk, err := c.source(ctx)
	if err != nil {
		return err
	}
	for _, each := range copyings {
		from := disk
		if each.chain {
			if from, err = c.stack(ctx, disk); err != nil {
				return err
			}
		}
		ours, theirs, err := inTurns(s.few(),
			func() (time.Duration, error) { return c.ours(ctx, from, each) },
			func() (time.Duration, error) { return c.theirs(ctx, from, each) })
		if err != nil {
			return err
		}
		out.ratio(fmt.Sprintf("%s (%d MiB)", each.what, copiedContent>>20), ours.over(theirs), ours.middle(), theirs.middle(), each.limit)
	}
	return nil
}

type copies struct {
	images *files.Files
	domain *model.StorageDomain
	s      *settings
}

var nobody = image.Owner{UID: -1, GID: -1}

func (c *copies) path(disk *model.Disk) string {
	return filepath.Join(c.domain.Path, string(c.domain.ID), "images", string(disk.ID), string(disk.Volume))
}

// source makes a thin disk with content that cannot be made smaller.
func (c *copies) source(ctx context.Context) (*model.Disk, error) {
	disk := &model.Disk{ID: model.NewID(), Volume: model.NewID(), Format: model.DiskCOW, Sparse: true, ProvisionedSize: copiedSize}
	err := c.images.Create(ctx, c.domain, image.VolumeSpec{
		Disk: disk.ID, Volume: disk.Volume, Format: disk.Format, Sparse: true, Size: copiedSize, Owner: nobody,
	})
	if err != nil {
		return nil, err
	}
	return disk, fillImage(ctx, c.s, c.path(disk))
}

// fillImage writes into a qcow2 image, from its beginning.
func fillImage(ctx context.Context, s *settings, path string) error {
	content := make([]byte, copiedContent)
	if _, err := rand.Read(content); err != nil {
		return err
	}
	plain := filepath.Join(s.folder, "content")
	if err := os.WriteFile(plain, content, 0o600); err != nil {
		return err
	}
	defer os.Remove(plain)
	return command(ctx, "qemu-io", "-f", "qcow2", "-c", fmt.Sprintf("write -s %s 0 %d", plain, copiedContent), path)
}

// stack is the disk with an empty volume on top.
func (c *copies) stack(ctx context.Context, disk *model.Disk) (*model.Disk, error) {
	top := model.Clone(disk)
	top.Chain = []model.Volume{{ID: disk.Volume, Format: disk.Format, Sparse: true, Size: copiedSize}}
	top.Volume = model.NewID()
	return top, c.images.Overlay(ctx, c.domain, disk, top.Volume, nobody)
}

func (c *copies) ours(ctx context.Context, from *model.Disk, each copying) (time.Duration, error) {
	source, group := image.Source{Domain: c.domain, Disk: from}, model.NewID()
	began := time.Now()
	var err error
	if each.chain {
		err = c.images.CopyChain(ctx, source, c.domain, group, nil, nobody, nil)
	} else {
		err = c.images.Copy(ctx, source, c.domain, image.VolumeSpec{
			Disk: group, Volume: model.NewID(), Format: each.to, Sparse: true, Owner: nobody,
		}, nil)
	}
	took := time.Since(began)
	if err != nil {
		return 0, err
	}
	return took, c.images.Remove(ctx, c.domain, group, false)
}

func (c *copies) theirs(ctx context.Context, from *model.Disk, each copying) (time.Duration, error) {
	to := filepath.Join(c.s.folder, "copy")
	defer os.Remove(to)
	return synced(ctx, to, each.beside(c.path(from), to)...)
}

// synced times commands that write a file, until that is on the disk.
func synced(ctx context.Context, written string, lines ...[]string) (time.Duration, error) {
	began := time.Now()
	for _, line := range append(lines, []string{"sync", written}) {
		if err := command(ctx, line[0], line[1:]...); err != nil {
			return 0, err
		}
	}
	return time.Since(began), nil
}

func command(ctx context.Context, name string, arguments ...string) error {
	if output, err := exec.CommandContext(ctx, name, arguments...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, output)
	}
	return nil
}
