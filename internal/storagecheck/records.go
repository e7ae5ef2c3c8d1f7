package storagecheck

import (
	"fmt"

	"vireo/internal/inventory"
	"vireo/internal/model"
)

// checkRecords looks for locks that no job holds, and for records that name what
// is not there.
func checkRecords(inv *inventory.Inventory, at busy) []Finding {
	var all []Finding
	locked := func(id model.ID, object string) {
		if !at[id] {
			all = append(all, found(LockLeft, "", "", object, object+" is locked, and no job is at work on it."))
		}
	}
	for _, disk := range inv.Disks.All() {
		object := "disk " + disk.Alias
		if disk.Status == model.DiskLocked {
			locked(disk.ID, object)
		}
		if _, known := inv.StorageDomains.Get(disk.StorageDomain); !known && !at[disk.ID] {
			all = append(all, found(RecordDangling, "", "", object, object+" is recorded in a storage domain that does not exist."))
		}
	}
	for _, vm := range inv.VMs.All() {
		if vm.Run.Status == model.StatusImageLocked {
			locked(vm.ID, "VM "+vm.Name)
		}
		all = append(all, attachments(inv, at, vm.ID, "VM "+vm.Name, vm.Disks)...)
	}
	for _, template := range inv.Templates.All() {
		if template.Status == model.TemplateLocked {
			locked(template.ID, "template "+template.Name)
		}
		all = append(all, attachments(inv, at, template.ID, "template "+template.Name, template.Disks)...)
	}
	for _, snapshot := range inv.Snapshots.All() {
		object := "snapshot " + snapshot.Description
		if snapshot.Status == model.SnapshotLocked {
			locked(snapshot.ID, object)
		}
		if _, known := inv.VMs.Get(snapshot.VM); !known && !at[snapshot.ID] {
			all = append(all, found(RecordDangling, "", "", object, object+" is of a VM that does not exist."))
		}
	}
	return all
}

func attachments(inv *inventory.Inventory, at busy, owner model.ID, object string, attached []model.DiskAttachment) []Finding {
	var all []Finding
	for _, attachment := range attached {
		if _, known := inv.Disks.Get(attachment.Disk); !known && !at[owner] {
			all = append(all, found(RecordDangling, "", "", object,
				fmt.Sprintf("%s has the disk %s, which does not exist.", object, attachment.Disk)))
		}
	}
	return all
}
