package engine

import (
	"time"

	"vireo/internal/inventory"
	"vireo/internal/model"
)

// Orphan takes a saved state from a VM that has gone on without it, and whose
// images could not be removed, or not yet: see OrphanState.
func Orphan(tx *inventory.Tx, vm *model.VM) {
	if vm.Run.Suspended != nil {
		OrphanState(tx, vm.Name, vm.Memory, vm.Run.Suspended)
		vm.Run.Suspended = nil
	}
}

// OrphanState keeps the images of a saved state that nobody needs as illegal floating
// disks, to be removed by whoever sees them. name is that of the VM, size that of its
// memory in bytes.
func OrphanState(tx *inventory.Tx, name string, size int64, saved *model.SavedState) {
	for _, left := range []struct {
		image, volume model.ID
		what          string
	}{{saved.MemoryImage, saved.MemoryVolume, "memory"}, {saved.ConfigImage, saved.ConfigVolume, "configuration"}} {
		tx.Disks.Put(&model.Disk{
			ID: left.image, Volume: left.volume, StorageDomain: saved.StorageDomain,
			Alias: name + "_saved_" + left.what, Description: "Left of a saved state; it can be removed.",
			Format: model.DiskRaw, Sparse: true, ProvisionedSize: size, Interface: model.DiskVirtio,
			Status: model.DiskIllegal, CreationTime: time.Now().UTC(),
		})
	}
}
