package files

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"vireo/internal/image"
	"vireo/internal/model"
)

// Link makes hard links, as vdsm does: of the metadata and the lease too, and of the
// volume last.
func (f *Files) Link(ctx context.Context, domain *model.StorageDomain, template *model.Disk, to model.ID) error {
	if err := f.link(ctx, domain, template, to); err != nil {
		return fmt.Errorf("linking disk %s of a template into image group %s of storage domain %q: %w",
			template.ID, to, domain.Name, err)
	}
	return nil
}

func (f *Files) link(ctx context.Context, domain *model.StorageDomain, template *model.Disk, to model.ID) error {
	if err := errors.Join(ctx.Err(), checkIDs(to)); err != nil {
		return err
	}
	if to == template.ID {
		return fmt.Errorf("it is the template's own group: %w", image.ErrUnsafe)
	}
	dir, err := open(domain)
	if err != nil {
		return err
	}
	defer dir.Close()
	info, err := f.inspect(ctx, domain, dir, template)
	if err != nil {
		return err
	}
	if info.BackingFilename != "" {
		return fmt.Errorf("it stands on %.100q and not alone: %w", info.BackingFilename, image.ErrUnsafe)
	}
	if err := makeFolder(dir, group(to)); err != nil {
		return err
	}
	from, name := filepath.Join(group(template.ID), string(template.Volume)), filepath.Join(group(to), string(template.Volume))
	for _, end := range []string{".meta", ".lease", ""} {
		if end != "" {
			// Left of an attempt, perhaps; the template's may have been written anew since.
			_ = dir.Remove(name + end)
		}
		err := linkFile(dir, from+end, name+end)
		if errors.Is(err, image.ErrNotFound) && end == ".lease" {
			continue // only domains of format v3 have leases
		}
		if errors.Is(err, image.ErrUnsafe) {
			return err
		}
		if err != nil {
			discard(dir, name)
			return err
		}
	}
	return syncFolder(dir, group(to))
}

// linkFile gives a file another name, under which there may be nothing else.
func linkFile(dir *os.Root, from, to string) error {
	was, err := regular(dir, from)
	if err != nil {
		return err
	}
	err = dir.Link(from, to)
	if !errors.Is(err, fs.ErrExist) {
		return explain(err)
	}
	is, err := regular(dir, to)
	if err != nil {
		return err
	}
	if !os.SameFile(was, is) {
		return fmt.Errorf("%s is another file: %w", to, image.ErrUnsafe)
	}
	return nil
}

// linked says whether a file has another name somewhere.
func linked(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Nlink > 1
}

// ofAnother says whether a volume's metadata calls it one of another group.
func ofAnother(dir *os.Root, disk model.ID, volume string) bool {
	said, err := metaOfVolume(dir, volume)
	return err == nil && said.Group != disk
}

func metaOfVolume(dir *os.Root, volume string) (image.VolumeMeta, error) {
	text, err := readSmall(dir, volume+".meta", longestMeta)
	if err != nil {
		return image.VolumeMeta{}, err
	}
	return parseMeta(string(text))
}
