package files

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"vireo/internal/image"
	"vireo/internal/model"
)

// CopyChain copies file by file, so every volume holds what its source holds and no
// more. Volumes that are there already are complete and stay; of those that it made
// itself none is left when it fails.
func (f *Files) CopyChain(ctx context.Context, from image.Source, to *model.StorageDomain, into model.ID, rename map[model.ID]model.ID, owner image.Owner, progress image.Progress) error {
	if err := f.copyChain(ctx, from, to, into, rename, owner, heard(progress)); err != nil {
		return fmt.Errorf("copying the volumes of disk %s of storage domain %q to image group %s in storage domain %q: %w",
			from.Disk.ID, from.Domain.Name, into, to.Name, err)
	}
	return nil
}

func (f *Files) copyChain(ctx context.Context, from image.Source, to *model.StorageDomain, into model.ID, rename map[model.ID]model.ID, owner image.Owner, progress image.Progress) error {
	links, err := chainOf(from, to, into, rename)
	if err != nil {
		return err
	}
	source, err := open(from.Domain)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := open(to)
	if err != nil {
		return err
	}
	defer target.Close()
	if err := f.lookAt(ctx, from, source, links); err != nil {
		return err
	}
	if err := makeFolder(target, group(into)); err != nil {
		return err
	}
	copier := chainCopier{files: f, from: from, to: to, source: source, target: target, into: into, owner: owner, progress: progress}
	if err := copier.all(ctx, links); err != nil {
		copier.giveUp()
		return err
	}
	return nil
}

// link is one volume of a chain that is copied.
type link struct {
	model.Volume
	// name is what it is called afterwards, under what it stands on then.
	name, under model.ID
	role        role
	info        imageInfo
	// bytes is what its file occupies.
	bytes int64
}

// chainOf lists the volumes, the base first.
func chainOf(from image.Source, to *model.StorageDomain, into model.ID, rename map[model.ID]model.ID) ([]link, error) {
	disk := from.Disk
	if len(disk.Chain) >= longestChain {
		return nil, fmt.Errorf("more than %d volumes stand on each other: %w", longestChain, image.ErrUnsafe)
	}
	if disk.ID == into && from.Domain.ID == to.ID {
		return nil, fmt.Errorf("an image group cannot be copied into itself: %w", image.ErrUnsafe)
	}
	volumes := append(slices.Clone(disk.Chain), model.Volume{ID: disk.Volume, Format: disk.Format, Sparse: disk.Sparse})
	links := make([]link, len(volumes))
	for i, volume := range volumes {
		links[i] = link{Volume: volume, name: volume.ID, role: internal}
		if name, ok := rename[volume.ID]; ok {
			links[i].name = name
		}
		if i > 0 {
			links[i].under = links[i-1].name
		}
		if err := checkIDs(disk.ID, into, volume.ID, links[i].name); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(links[:i], func(l link) bool { return l.ID == volume.ID || l.name == links[i].name }) {
			return nil, fmt.Errorf("volume %s is there twice: %w", links[i].name, image.ErrUnsafe)
		}
	}
	links[len(links)-1].role = leaf
	return links, nil
}

// lookAt wants the files to stand on each other as the disk says they do.
func (f *Files) lookAt(ctx context.Context, from image.Source, dir *os.Root, links []link) error {
	if err := folder(dir, group(from.Disk.ID)); err != nil {
		return err
	}
	for i := range links {
		name := filepath.Join(group(from.Disk.ID), string(links[i].ID))
		info, err := f.inspectOne(ctx, from.Domain, dir, name, formats[links[i].Format])
		if err != nil {
			return err
		}
		var below, format string
		if i > 0 {
			below, format = string(links[i-1].ID), formats[links[i-1].Format]
		}
		if info.BackingFilename != below || info.BackingFormat != format {
			return fmt.Errorf("volume %s stands on %.100q of the format %.20q and not on %q: %w",
				links[i].ID, info.BackingFilename, info.BackingFormat, below, image.ErrUnsafe)
		}
		file, err := regular(dir, name)
		if err != nil {
			return err
		}
		links[i].info, links[i].bytes = info, file.Size()
		if stat, ok := file.Sys().(*syscall.Stat_t); ok {
			links[i].bytes = min(file.Size(), stat.Blocks*512)
		}
	}
	return nil
}

type chainCopier struct {
	files          *Files
	from           image.Source
	to             *model.StorageDomain
	source, target *os.Root
	into           model.ID
	owner          image.Owner
	progress       image.Progress
	// made are the names of the volumes that were begun.
	made []string
}

func (c *chainCopier) all(ctx context.Context, links []link) error {
	var before, total int64
	for _, each := range links {
		total += max(each.bytes, 1)
	}
	for _, each := range links {
		share := max(each.bytes, 1)
		err := c.one(ctx, each, func(done, of int64) {
			c.progress(before+int64(float64(share)*(float64(done)/float64(of))), total)
		})
		if err != nil {
			return fmt.Errorf("volume %s: %w", each.ID, err)
		}
		before += share
		c.progress(before, total)
	}
	return nil
}

// one copies a volume under its temporary name, has it stand on what it is to stand
// on, and publishes it.
func (c *chainCopier) one(ctx context.Context, each link, progress image.Progress) error {
	volume := filepath.Join(group(c.into), string(each.name))
	if _, err := regular(c.target, volume); !errors.Is(err, image.ErrNotFound) {
		return err // it is there, or it cannot be
	}
	if !each.Sparse {
		if err := hasRoom(c.to, each.bytes); err != nil {
			return err
		}
	}
	c.made = append(c.made, volume)
	if err := c.target.RemoveAll(part(volume)); err != nil {
		return explain(err)
	}
	file := piece{
		from: c.source, fromName: filepath.Join(group(c.from.Disk.ID), string(each.ID)),
		to: c.target, toName: part(volume), shareable: each.Sparse,
	}
	if err := file.copy(ctx, !each.Sparse, progress); err != nil {
		return err
	}
	if string(each.under) != each.info.BackingFilename {
		err := c.files.run(ctx, looking, nil, "rebase", "-q", "-u", "-f", formats[each.Format],
			"-b", string(each.under), "-F", each.info.BackingFormat, filepath.Join(root(c.to), part(volume)))
		if err != nil {
			return err
		}
	}
	return publish(c.target, c.to, volume, meta{
		domain: c.to.ID, disk: c.into, format: each.Format, sparse: each.Sparse, size: each.info.VirtualSize,
		description: description(c.from.Disk.Alias, c.from.Disk.Description), parent: each.under, role: each.role,
	}, c.owner)
}

// giveUp takes away the volumes that were begun, the last one first: so none is ever
// without what it stands on.
func (c *chainCopier) giveUp() {
	for _, volume := range slices.Backward(c.made) {
		_ = c.target.Remove(volume)
		discard(c.target, volume)
	}
	_ = c.target.Remove(group(c.into))
}
