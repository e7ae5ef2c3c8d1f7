package engine

import (
	"time"

	"vireo/internal/inventory"
	"vireo/internal/model"
)

// Orphan takes a saved state from a VM that has gone on without it, and whose
// images could not be removed, or not yet: they are kept as illegal floating
// disks, to be removed by whoever sees them.
func Orphan(tx *inventory.Tx, vm *model.VM) {
	saved := vm.Run.Suspended
	if saved == nil {
		return
	}
	vm.Run.Suspended = nil
	if saved.Snapshot != "" {
		return // it is kept
	}
	for _, left := range []struct {
		image, volume model.ID
		what          string
	}{{saved.MemoryImage, saved.MemoryVolume, "memory"}, {saved.ConfigImage, saved.ConfigVolume, "configuration"}} {
		tx.Disks.Put(&model.Disk{
			ID: left.image, Volume: left.volume, StorageDomain: saved.StorageDomain,
			Alias: vm.Name + "_saved_" + left.what, Description: "Left of a saved state; it can be removed.",
			Format: model.DiskRaw, Sparse: true, ProvisionedSize: vm.Memory, Interface: model.DiskVirtio,
			Status: model.DiskIllegal, CreationTime: time.Now().UTC(),
		})
	}
}
