package sitetest

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"vireo/internal/image"
	"vireo/internal/model"
)

// PutOVF writes a description. Those in data domains are written by the engine in its own
// time, and are not among Calls.
func (i *Images) PutOVF(ctx context.Context, domain *model.StorageDomain, vm model.ID, content []byte) error {
	if domain.Type == model.StorageDomainData {
		return i.Images.PutOVF(ctx, domain, vm, content)
	}
	return i.call(ctx, "PutOVF", func() error { return i.Images.PutOVF(ctx, domain, vm, content) })
}

// RemoveOVF removes one.
func (i *Images) RemoveOVF(ctx context.Context, domain *model.StorageDomain, vm model.ID) error {
	if domain.Type == model.StorageDomainData {
		return i.Images.RemoveOVF(ctx, domain, vm)
	}
	return i.call(ctx, "RemoveOVF", func() error { return i.Images.RemoveOVF(ctx, domain, vm) })
}

// Prune removes volumes.
func (i *Images) Prune(ctx context.Context, domain *model.StorageDomain, group model.ID, keep func(model.ID) bool, wipe bool) error {
	return i.call(ctx, "Prune", func() error { return i.Images.Prune(ctx, domain, group, keep, wipe) })
}

// Meta reads metadata.
func (i *Images) Meta(ctx context.Context, domain *model.StorageDomain, group, volume model.ID) (read image.VolumeMeta, err error) {
	err = i.call(ctx, "Meta", func() error {
		read, err = i.Images.Meta(ctx, domain, group, volume)
		return err
	})
	return read, err
}

// exported compares the image groups in the export domain with what its texts name.
func (s *Site) exported() []string {
	root := filepath.Join(s.Dir, "export", string(ExportDomain))
	texts, _ := filepath.Glob(filepath.Join(root, "master", "vms", "*", "*.ovf")) // the patterns are sound
	files, _ := filepath.Glob(filepath.Join(root, "images", "*", "*"))
	var all, words []string
	for _, path := range texts {
		text, err := os.ReadFile(path)
		if err != nil {
			all = append(all, err.Error())
		}
		words = append(words, string(text))
	}
	for _, path := range files {
		group, name := filepath.Base(filepath.Dir(path)), filepath.Base(path)
		volume := strings.TrimSuffix(strings.TrimSuffix(name, ".meta"), ".lease")
		if !strings.Contains(strings.Join(words, ""), group+"/"+volume) {
			all = append(all, "exported volume "+group+"/"+name+" belongs to nothing")
		}
	}
	return all
}
