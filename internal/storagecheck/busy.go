package storagecheck

import (
	"regexp"

	"vireo/internal/inventory"
	"vireo/internal/model"
)

type busy map[model.ID]bool

var uuids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// AtWork are the ids of what jobs are at work on, of which nothing can be said: all
// that running jobs name anywhere, and what belongs to the objects that they name,
// as the disks of a VM and the memory of its snapshots.
func AtWork(inv *inventory.Inventory) map[model.ID]bool {
	all := make(busy)
	for _, job := range inv.Jobs() {
		if job.External {
			continue
		}
		domains := make(busy)
		for _, ref := range append([]model.Ref{job.Target}, job.Locks...) {
			all[ref.ID] = true
			if ref.Kind == model.KindStorageDomain {
				domains[ref.ID] = true
			}
		}
		for _, text := range [][]byte{job.Params, job.Data} {
			for _, id := range uuids.FindAll(text, -1) {
				// A domain that a job only names is not all its.
				if _, domain := inv.StorageDomains.Get(model.ID(id)); !domain || domains[model.ID(id)] {
					all[model.ID(id)] = true
				}
			}
		}
	}
	all.spread(inv)
	return all
}

func (b busy) spread(inv *inventory.Inventory) {
	for _, snapshot := range inv.Snapshots.All() {
		if b[snapshot.ID] {
			b[snapshot.VM] = true
		}
	}
	for _, vm := range inv.VMs.All() {
		if b[vm.ID] {
			b.disks(vm.Disks)
			b.state(vm.Run.Suspended)
		}
	}
	for _, template := range inv.Templates.All() {
		if b[template.ID] {
			b.disks(template.Disks)
		}
	}
	for _, snapshot := range inv.Snapshots.All() {
		if b[snapshot.VM] {
			b[snapshot.ID] = true
			b.disks(snapshot.Config.Disks)
			b.state(snapshot.Memory)
		}
	}
}

func (b busy) disks(attached []model.DiskAttachment) {
	for _, attachment := range attached {
		b[attachment.Disk] = true
	}
}

func (b busy) state(saved *model.SavedState) {
	if saved != nil {
		b[saved.MemoryImage], b[saved.ConfigImage] = true, true
	}
}
