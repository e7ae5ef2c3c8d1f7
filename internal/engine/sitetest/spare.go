package sitetest

import (
	"fmt"
	"os"
	"path/filepath"

	"vireo/internal/model"
)

// spare compares the image groups in the spare domain with what is recorded there.
func (s *Site) spare() []string {
	wanted := make(map[string]string)
	for _, disk := range s.Inventory.Disks.All() {
		if disk.Status == model.DiskOK && disk.StorageDomain == SpareDomain {
			wanted[string(disk.ID)] = "disk " + disk.Alias
		}
	}
	for _, vm := range s.Inventory.VMs.All() {
		if saved := vm.Run.Suspended; saved != nil && saved.StorageDomain == SpareDomain {
			wanted[string(saved.MemoryImage)] = "memory of " + vm.Name
			wanted[string(saved.ConfigImage)] = "saved configuration of " + vm.Name
		}
	}
	entries, err := os.ReadDir(filepath.Join(s.Dir, "spare", string(SpareDomain), "images"))
	if err != nil {
		return []string{err.Error()}
	}
	var all []string
	for _, entry := range entries {
		if wanted[entry.Name()] == "" && !s.illegal(entry.Name()) {
			all = append(all, "image "+entry.Name()+" in the spare domain belongs to nothing")
		}
		delete(wanted, entry.Name())
	}
	for image, of := range wanted {
		all = append(all, fmt.Sprintf("image %s (%s) is gone from the spare domain", image, of))
	}
	return all
}
