package engine

import (
	"context"
	"slices"

	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// whileAdopted are the rows that need a guest to be as the engine would have started it.
// Rows of the parts of a VM (disks, NICs, snapshots, media) all do.
var whileAdopted = []string{"vm.migrate", "vm.suspend", "vm.move"}

// parts are the kinds of what a VM is made of.
var parts = []model.Kind{model.KindDisk, model.KindNIC, model.KindSnapshot, model.KindCDROM}

// checkOwnRun refuses what cannot be done to a guest that runs as it was adopted: its
// devices are where somebody else has put them.
func checkOwnRun(tx *inventory.Tx, command *Command, call *Call) error {
	part := slices.Contains(parts, command.On)
	if !part && !slices.Contains(whileAdopted, command.Key()) {
		return nil
	}
	if runsAdopted(tx, call, part) {
		return fault.New(fault.StateConflict, command.onVM(),
			"Its guest runs as it was adopted: that is possible when the VM has been shut down and started anew.")
	}
	return nil
}

// runsAdopted says whether the VM of a call runs as it was adopted: its target, what its
// target is part of, or what has the disk that is its target.
func runsAdopted(tx *inventory.Tx, call *Call, part bool) bool {
	id := call.Parent
	if !part {
		id = call.Target
	}
	if vm, ok := tx.VMs.Get(id); ok || call.On != model.KindDisk {
		return ok && vm.Run.Adopted
	}
	return slices.ContainsFunc(tx.VMs.All(), func(vm *model.VM) bool {
		return vm.Run.Adopted && slices.ContainsFunc(vm.Disks, func(a model.DiskAttachment) bool { return a.Disk == call.Target })
	})
}

// ownAgain gives the image of a guest that was adopted to QEMU's user.
func (e *Engine) ownAgain(ctx context.Context, domain *model.StorageDomain, disk *model.Disk) error {
	if !disk.Adopted {
		return nil
	}
	for _, on := range e.Inventory.Hosts.All() {
		cluster, ok := e.Inventory.Clusters.Get(on.Cluster)
		if ok && on.BootID != "" && cluster.DataCenter == domain.DataCenter {
			return e.Images.Own(ctx, domain, disk, image.Owner{UID: on.Facts.ImageUID, GID: on.Facts.ImageGID})
		}
	}
	return nil
}
