package engine

import (
	"vireo/internal/fault"
	"vireo/internal/model"
)

// DiskWish is how a disk that is made of another is to differ from it.
type DiskWish struct {
	// Of is the disk that it is made of; empty is each that no other wish names.
	Of model.ID
	// What is empty or nil here stays as it is there.
	StorageDomain model.ID
	Alias         string
	Description   *string
	Format        model.DiskFormat
	Sparse        *bool
}

// Wish is what these wishes say of a disk.
func Wish(wishes []DiskWish, disk model.ID) DiskWish {
	var wanted DiskWish
	for _, wish := range wishes {
		if wish.Of == disk {
			if wish.StorageDomain == "" {
				wish.StorageDomain = wanted.StorageDomain
			}
			return wish
		}
		if wish.Of == "" {
			wanted = wish
		}
	}
	return wanted
}

// CheckWishes refuses wishes for disks that are not attached.
func CheckWishes(wishes []DiskWish, attached []model.DiskAttachment) error {
	for _, wish := range wishes {
		known := wish.Of == ""
		for _, attachment := range attached {
			known = known || attachment.Disk == wish.Of
		}
		if !known {
			return fault.Missing("Disk: id=" + string(wish.Of))
		}
	}
	return nil
}
