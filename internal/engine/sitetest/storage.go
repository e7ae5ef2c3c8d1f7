package sitetest

import (
	"context"
	"fmt"
	"path/filepath"

	"vireo/internal/storagecheck"
)

// storage compares storage with what is recorded, as operators do.
func (s *Site) storage() []string {
	report, err := storagecheck.Check(context.Background(), s.Inventory, s.Images.Images)
	if err != nil {
		return []string{err.Error()}
	}
	var all []string
	for _, each := range report.Findings {
		all = append(all, fmt.Sprintf("%s %s:%s %s: %s", each.Kind, each.Domain, each.Path, each.Object, each.What))
	}
	return all
}

// Volumes names the volumes in the data domain, as image/volume, without what
// describes them.
func (s *Site) Volumes() []string {
	images := filepath.Join(s.Dir, "data", string(DataDomain), "images")
	found, _ := filepath.Glob(filepath.Join(images, "*", "*")) // the pattern is sound
	var names []string
	for _, path := range found {
		if extension := filepath.Ext(path); extension != ".meta" && extension != ".lease" {
			name, _ := filepath.Rel(images, path)
			names = append(names, name)
		}
	}
	return names
}
