package engine

import (
	"context"

	"vireo/internal/inventory"
	"vireo/internal/model"
)

// What the memory of a suspended VM takes beside the guest's own, and what each
// monitor adds (api-v3 3.6), in bytes.
const (
	savedOverhead   = 200 << 20
	savedPerMonitor = 64 << 20
)

// DataDomains are the active data domains of a VM's data center, those of its
// own disks first.
func DataDomains(tx *inventory.Tx, vm *model.VM) []*model.StorageDomain {
	cluster, ok := tx.Clusters.Get(vm.Cluster)
	if !ok {
		return nil
	}
	own := make(map[model.ID]bool)
	for _, attachment := range vm.Disks {
		if disk, ok := tx.Disks.Get(attachment.Disk); ok {
			own[disk.StorageDomain] = true
		}
	}
	var first, rest []*model.StorageDomain
	for _, domain := range tx.StorageDomains.All() {
		if domain.Type != model.StorageDomainData || domain.DataCenter != cluster.DataCenter ||
			domain.Status != model.StorageDomainActive {
			continue
		}
		if own[domain.ID] {
			first = append(first, domain)
		} else {
			rest = append(rest, domain)
		}
	}
	return append(first, rest...)
}

// SavedSize is how many bytes the memory of a VM's guest may take when it is saved.
func SavedSize(vm *model.VM) int64 {
	return max(vm.Run.Memory, vm.Memory) + savedOverhead + savedPerMonitor*int64(max(vm.Display.Monitors, 1))
}

// Roomy finds the first domain with enough room; nil when there is none.
func (e *Engine) Roomy(ctx context.Context, domains []*model.StorageDomain, size int64) (*model.StorageDomain, error) {
	for _, domain := range domains {
		space, err := e.Images.Space(ctx, domain)
		if err != nil {
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			continue
		}
		if space.Available >= size {
			return domain, nil
		}
	}
	return nil, nil
}
