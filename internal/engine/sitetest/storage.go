package sitetest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"vireo/internal/model"
)

// storage compares the image groups in the data domain with what is recorded.
func (s *Site) storage() []string {
	wanted := make(map[string]string)
	for _, disk := range s.Inventory.Disks.All() {
		if disk.Status == model.DiskLocked {
			return []string{fmt.Sprintf("disk %s is locked", disk.Alias)}
		}
		if disk.Status == model.DiskOK {
			wanted[string(disk.ID)] = "disk " + disk.Alias
		}
	}
	for _, vm := range s.Inventory.VMs.All() {
		if saved := vm.Run.Suspended; saved != nil {
			wanted[string(saved.MemoryImage)] = "memory of " + vm.Name
			wanted[string(saved.ConfigImage)] = "saved configuration of " + vm.Name
		}
	}
	for _, snapshot := range s.Inventory.Snapshots.All() {
		if snapshot.Status == model.SnapshotLocked {
			return []string{fmt.Sprintf("snapshot %s is locked", snapshot.Description)}
		}
		if saved := snapshot.Memory; saved != nil {
			wanted[string(saved.MemoryImage)] = "memory of snapshot " + snapshot.Description
			wanted[string(saved.ConfigImage)] = "saved configuration of snapshot " + snapshot.Description
		}
	}
	var all []string
	entries, err := os.ReadDir(filepath.Join(s.Dir, "data", string(DataDomain), "images"))
	if err != nil {
		return []string{err.Error()}
	}
	for _, entry := range entries {
		if wanted[entry.Name()] == "" && !s.illegal(entry.Name()) {
			all = append(all, "image "+entry.Name()+" belongs to nothing")
		}
		delete(wanted, entry.Name())
	}
	for image, of := range wanted {
		all = append(all, fmt.Sprintf("image %s (%s) is gone", image, of))
	}
	return append(all, s.volumes()...)
}

// volumes compares the volumes of the disks with what is recorded: the disk's own,
// what they stand on, what they stood on before a preview, and the overlays of runs that
// go on.
func (s *Site) volumes() []string {
	wanted := make(map[string]string)
	want := func(disk *model.Disk) {
		for _, volume := range append(slices.Clone(disk.Chain), model.Volume{ID: disk.Volume}) {
			wanted[filepath.Join(string(disk.ID), string(volume.ID))] = "disk " + disk.Alias
		}
	}
	for _, disk := range s.Inventory.Disks.All() {
		if disk.Status == model.DiskOK {
			want(disk)
		}
	}
	for _, snapshot := range s.Inventory.Snapshots.All() {
		for i := range snapshot.Disks {
			want(&snapshot.Disks[i])
		}
	}
	for _, vm := range s.Inventory.VMs.All() {
		for _, overlay := range vm.Run.Overlays {
			wanted[filepath.Join(string(overlay.Disk), string(overlay.Volume))] = "overlay of VM " + vm.Name
		}
	}
	var all []string
	for _, volume := range s.Volumes() {
		disk, known := s.Inventory.Disks.Get(model.ID(filepath.Dir(volume)))
		if known && disk.Status == model.DiskOK && wanted[volume] == "" {
			all = append(all, "volume "+volume+" belongs to nothing")
		}
		delete(wanted, volume)
	}
	for volume, of := range wanted {
		all = append(all, fmt.Sprintf("volume %s (%s) is gone", volume, of))
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

// illegal says whether an image belongs to a disk that is known to be broken.
func (s *Site) illegal(image string) bool {
	disk, ok := s.Inventory.Disks.Get(model.ID(strings.TrimPrefix(image, "_remove_me_")))
	return ok && disk.Status == model.DiskIllegal
}
