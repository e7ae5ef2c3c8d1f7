package files

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"vireo/internal/image"
	"vireo/internal/model"
)

// Sweep removes what nobody works on any more. It goes on after a failure, so that
// one file that cannot be removed does not keep the others.
func (f *Files) Sweep(ctx context.Context, domain *model.StorageDomain, before time.Time, keep func(group model.ID, removing bool) bool) ([]string, error) {
	found, err := f.Contents(ctx, domain)
	if err != nil {
		return nil, err
	}
	dir, err := open(domain)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	var removed []string
	var failures []error
	note := func(path string, did bool, err error) {
		if err != nil {
			failures = append(failures, fmt.Errorf("removing %s from storage domain %q: %w", path, domain.Name, explain(err)))
		} else if did {
			removed = append(removed, path)
		}
	}
	for _, path := range found.Temporary {
		if keep(model.ID(filepath.Base(filepath.Dir(path))), false) {
			continue
		}
		did, err := removeOlder(dir, path, before)
		note(path, did, err)
	}
	for _, id := range found.Removing {
		if !keep(id, true) {
			path := filepath.Join("images", removedPrefix+string(id))
			note(path, true, clearGroup(ctx, dir, path, false))
		}
	}
	return removed, errors.Join(failures...)
}

// removeOlder removes a regular file that was last written before a time, and the
// folder of an image group that is empty then.
func removeOlder(dir *os.Root, path string, before time.Time) (bool, error) {
	info, err := regular(dir, path)
	if errors.Is(err, image.ErrNotFound) || err == nil && !info.ModTime().Before(before) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := dir.Remove(path); err != nil {
		return false, gone(err)
	}
	if parent := filepath.Dir(path); filepath.Dir(parent) == "images" {
		_ = dir.Remove(parent) // fails unless it is empty
	}
	return true, nil
}
