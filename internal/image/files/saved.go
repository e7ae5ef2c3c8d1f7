package files

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"vireo/internal/image"
	"vireo/internal/model"
)

// PrepareSaved makes both groups. A memory volume that is there already, from a
// save that succeeded before it could be recorded, is left alone. The memory's
// folder belongs to the owner, for hosts where QEMU's user makes the file.
func (f *Files) PrepareSaved(ctx context.Context, domain *model.StorageDomain, saved *model.SavedState, size int64, config []byte, owner image.Owner) (string, error) {
	if err := prepareSaved(ctx, domain, saved, size, config, owner); err != nil {
		return "", fmt.Errorf("preparing a saved state in storage domain %q: %w", domain.Name, err)
	}
	return f.SavedPath(domain, saved), nil
}

func prepareSaved(ctx context.Context, domain *model.StorageDomain, saved *model.SavedState, size int64, config []byte, owner image.Owner) error {
	err := checkIDs(saved.MemoryImage, saved.MemoryVolume, saved.ConfigImage, saved.ConfigVolume)
	if err := errors.Join(ctx.Err(), err); err != nil {
		return err
	}
	dir, err := open(domain)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := hasRoom(domain, size+int64(len(config))); err != nil {
		return err
	}
	memory := filepath.Join(group(saved.MemoryImage), string(saved.MemoryVolume))
	m := meta{
		domain: domain.ID, disk: saved.MemoryImage, format: model.DiskRaw, sparse: true, size: size,
		description: description("memory of a suspended VM", ""),
	}
	if err := prepareVolume(dir, domain, memory, m, owner); err != nil {
		return err
	}
	if err := own(dir, group(saved.MemoryImage), 0o755, owner); err != nil {
		return err
	}
	nobody := image.Owner{UID: -1, GID: -1}
	kept := filepath.Join(group(saved.ConfigImage), string(saved.ConfigVolume))
	m.disk, m.size, m.description = saved.ConfigImage, int64(len(config)), description("configuration of a suspended VM", "")
	if err := prepareVolume(dir, domain, kept, m, nobody); err != nil {
		return err
	}
	// The configuration is the engine's alone: it may name secrets.
	return write(dir, kept, config, 0o600, nobody)
}

func prepareVolume(dir *os.Root, domain *model.StorageDomain, volume string, m meta, owner image.Owner) error {
	if err := makeFolder(dir, group(m.disk)); err != nil {
		return err
	}
	return writeMeta(dir, domain, volume, m, owner)
}

// SavedPath is where the memory is.
func (f *Files) SavedPath(domain *model.StorageDomain, saved *model.SavedState) string {
	return filepath.Join(root(domain), group(saved.MemoryImage), string(saved.MemoryVolume))
}

// RemoveSaved deletes both groups.
func (f *Files) RemoveSaved(ctx context.Context, domain *model.StorageDomain, saved *model.SavedState) error {
	return errors.Join(
		f.Remove(ctx, domain, saved.MemoryImage, false),
		f.Remove(ctx, domain, saved.ConfigImage, false),
	)
}
