package files

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"vireo/internal/image"
	"vireo/internal/model"
)

// Prune looks at names only. A volume's image goes before its metadata, so that one
// that was interrupted is found again; what somebody is making is left to him.
func (f *Files) Prune(ctx context.Context, domain *model.StorageDomain, disk model.ID, keep func(volume model.ID) bool, wipe bool) error {
	if err := prune(ctx, domain, disk, keep, wipe); err != nil {
		return fmt.Errorf("removing volumes of image group %s from storage domain %q: %w", disk, domain.Name, err)
	}
	return nil
}

func prune(ctx context.Context, domain *model.StorageDomain, disk model.ID, keep func(volume model.ID) bool, wipe bool) error {
	if err := errors.Join(ctx.Err(), checkIDs(disk)); err != nil {
		return err
	}
	dir, err := open(domain)
	if err != nil {
		return err
	}
	defer dir.Close()
	err = folder(dir, group(disk))
	var names []string
	if err == nil {
		names, err = list(dir, group(disk))
	}
	if errors.Is(err, image.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		// Gone as a whole, or half-way there.
		return remove(ctx, domain, disk, wipe)
	}
	if err != nil {
		return err
	}
	doomed, kept := sortOut(names, keep)
	if !kept {
		return remove(ctx, domain, disk, wipe)
	}
	for _, volume := range doomed {
		if err := pruneOne(ctx, dir, filepath.Join(group(disk), volume), wipe); err != nil {
			return err
		}
	}
	return syncFolder(dir, group(disk))
}

// sortOut finds the volumes to remove among the names in a group; kept says that some
// are to stay.
func sortOut(names []string, keep func(volume model.ID) bool) (doomed []string, kept bool) {
	seen := map[string]bool{}
	for _, name := range names {
		volume := strings.TrimSuffix(strings.TrimSuffix(name, ".meta"), ".lease")
		if checkIDs(model.ID(volume)) != nil || seen[volume] {
			continue
		}
		seen[volume] = true
		if keep(model.ID(volume)) {
			kept = true
		} else {
			doomed = append(doomed, volume)
		}
	}
	return doomed, kept
}

func pruneOne(ctx context.Context, dir *os.Root, volume string, wipe bool) error {
	if wipe {
		if err := overwrite(ctx, dir, volume); err != nil && !errors.Is(err, image.ErrNotFound) {
			return fmt.Errorf("overwriting it: %w", err)
		}
	}
	for _, name := range []string{volume, part(volume), part(volume + ".meta"), volume + ".lease", volume + ".meta"} {
		if err := dir.RemoveAll(name); err != nil {
			return explain(err)
		}
	}
	return nil
}
