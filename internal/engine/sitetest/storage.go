package sitetest

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"vireo/internal/model"
	"vireo/internal/storagecheck"
)

// settled are the statuses of a storage domain that no job works on.
var settled = []model.StorageDomainStatus{
	model.StorageDomainActive, model.StorageDomainInactive, model.StorageDomainMaintenance, model.StorageDomainUnattached,
}

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
	for _, domain := range s.Inventory.StorageDomains.All() {
		if !slices.Contains(settled, domain.Status) {
			all = append(all, fmt.Sprintf("storage domain %s is %s", domain.Name, domain.Status))
		}
	}
	parts, _ := filepath.Glob(filepath.Join(s.Engine.Archives, ".*.part")) // a pattern of ours
	for _, each := range parts {
		all = append(all, "an OVA file was left half written: "+each)
	}
	return append(append(all, s.exported()...), s.used()...)
}

// used compares what the guests that run write to with what is recorded: a disk's own
// volume, or the overlay of the run.
func (s *Site) used() []string {
	var all []string
	for _, vm := range s.Inventory.VMs.All() {
		on, known := s.Inventory.Hosts.Get(vm.Run.Host)
		if !known || vm.Run.Status != model.StatusUp || len(s.World.Running(vm.ID)) == 0 {
			continue
		}
		for _, spec := range s.World.Machine(on.Address).Disks(string(vm.ID)) {
			volume := model.ID("")
			if disk, ok := s.Inventory.Disks.Get(spec.ID); ok {
				volume = disk.Volume
			}
			for _, overlay := range vm.Run.Overlays {
				if overlay.Disk == spec.ID {
					volume = overlay.Volume
				}
			}
			if volume != "" && filepath.Base(spec.Path) != string(volume) {
				all = append(all, fmt.Sprintf("the guest of VM %s writes to %s and not to volume %s", vm.Name, spec.Path, volume))
			}
		}
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
