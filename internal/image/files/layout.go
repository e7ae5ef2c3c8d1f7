package files

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"vireo/internal/image"
	"vireo/internal/model"
)

// isoGroup is the image group that holds the files of every ISO domain
// (api-v3 3.12).
const isoGroup = "11111111-1111-1111-1111-111111111111"

// removedPrefix marks an image group that is being removed, as vdsm does.
const removedPrefix = "_remove_me_"

// root is the absolute path of a domain.
func root(domain *model.StorageDomain) string {
	return filepath.Join(domain.Dir(), string(domain.ID))
}

// group is the path of an image group inside the domain.
func group(id model.ID) string { return filepath.Join("images", string(id)) }

// open opens a domain's root, which nothing that is reached through it leads
// out of.
func open(domain *model.StorageDomain) (*os.Root, error) {
	if err := checkDomain(domain); err != nil {
		return nil, err
	}
	dir, err := os.OpenRoot(root(domain))
	if err != nil {
		return nil, unavailable(domain, err)
	}
	return dir, nil
}

func checkDomain(domain *model.StorageDomain) error {
	if !filepath.IsAbs(domain.Dir()) {
		return fmt.Errorf("the path %q of storage domain %q is not absolute: %w", domain.Dir(), domain.Name, image.ErrUnsafe)
	}
	return checkIDs(domain.ID)
}

// checkIDs sees to it that ids are UUIDs before they become parts of paths.
func checkIDs(ids ...model.ID) error {
	for _, id := range ids {
		if parsed, err := model.ParseID(string(id)); err != nil || parsed != id {
			return fmt.Errorf("%.64q cannot be part of a path: %w", id, image.ErrUnsafe)
		}
	}
	return nil
}

// regular wants a regular file, itself and not behind a link. A missing one is
// ErrNotFound.
func regular(dir *os.Root, name string) (fs.FileInfo, error) {
	info, err := dir.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", name, image.ErrNotFound)
	}
	if err != nil {
		return nil, explain(err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file: %w", name, image.ErrUnsafe)
	}
	return info, nil
}

// folder wants a directory, itself and not behind a link.
func folder(dir *os.Root, name string) error {
	info, err := dir.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", name, image.ErrNotFound)
	}
	if err != nil {
		return explain(err)
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is no directory: %w", name, image.ErrUnsafe)
	}
	return nil
}

// makeFolder makes a directory that others may pass through.
func makeFolder(dir *os.Root, name string) error {
	err := dir.Mkdir(name, 0o755)
	switch {
	case errors.Is(err, fs.ErrExist):
		return folder(dir, name)
	case err != nil:
		return explain(err)
	}
	// The umask may have taken the right to pass.
	if err := dir.Chmod(name, 0o755); err != nil {
		return explain(err)
	}
	return syncFolder(dir, filepath.Dir(name))
}
