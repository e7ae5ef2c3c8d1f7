package files

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"vireo/internal/image"
	"vireo/internal/model"
)

// vmsFolder holds a directory for each VM that is described (api-v3 3.12).
const vmsFolder = "master/vms"

func ovfFile(vm model.ID) string { return filepath.Join(vmsFolder, string(vm), string(vm)+".ovf") }

// PutOVF writes what has changed only: a reader of the domain sees by the time of
// the file when it did.
func (f *Files) PutOVF(ctx context.Context, domain *model.StorageDomain, vm model.ID, content []byte) error {
	if err := checkIDs(vm); err != nil {
		return err
	}
	return within(ctx, domain, func() error {
		dir, err := open(domain)
		if err != nil {
			return err
		}
		defer dir.Close()
		if old, err := readOVF(dir, vm); err == nil && bytes.Equal(old, content) {
			return nil
		}
		for _, name := range []string{"master", vmsFolder, filepath.Join(vmsFolder, string(vm))} {
			if err := makeFolder(dir, name); err != nil {
				return err
			}
		}
		return write(dir, ovfFile(vm), content, 0o644, image.Owner{UID: -1, GID: -1})
	})
}

// RemoveOVF removes the VM's whole directory.
func (f *Files) RemoveOVF(ctx context.Context, domain *model.StorageDomain, vm model.ID) error {
	if err := checkIDs(vm); err != nil {
		return err
	}
	return within(ctx, domain, func() error {
		dir, err := open(domain)
		if err != nil {
			return err
		}
		defer dir.Close()
		name := filepath.Join(vmsFolder, string(vm))
		if err := dir.RemoveAll(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return explain(err)
		}
		return nil
	})
}

// ListOVFs lists the directories that are called by a UUID.
func (f *Files) ListOVFs(ctx context.Context, domain *model.StorageDomain) ([]model.ID, error) {
	found, err := f.ids(ctx, domain, vmsFolder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return found, err
}

// OVF reads a description.
func (f *Files) OVF(ctx context.Context, domain *model.StorageDomain, vm model.ID) ([]byte, error) {
	if err := checkIDs(vm); err != nil {
		return nil, err
	}
	result := make(chan []byte, 1)
	err := within(ctx, domain, func() error {
		dir, err := open(domain)
		if err != nil {
			return err
		}
		defer dir.Close()
		content, err := readOVF(dir, vm)
		result <- content
		return err
	})
	if err != nil {
		return nil, err
	}
	return <-result, nil
}

// readOVF reads a regular file of a size that can be, itself and not behind links.
func readOVF(dir *os.Root, vm model.ID) ([]byte, error) {
	for _, name := range []string{"master", vmsFolder, filepath.Join(vmsFolder, string(vm))} {
		if err := folder(dir, name); err != nil {
			return nil, err
		}
	}
	info, err := regular(dir, ovfFile(vm))
	if err != nil {
		return nil, err
	}
	if info.Size() > largestOVF {
		return nil, fmt.Errorf("the description of VM %s has %d bytes: %w", vm, info.Size(), image.ErrUnsafe)
	}
	content, err := dir.ReadFile(ovfFile(vm))
	return content, explain(err)
}
