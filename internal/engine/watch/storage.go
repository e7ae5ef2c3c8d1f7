package watch

import (
	"context"
	"time"

	"vireo/internal/audit"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// checkStorage looks at every storage domain at an interval: one that is gone
// or cannot be written is inactive until it is well again.
func (w *Watcher) checkStorage() {
	for {
		for _, domain := range w.inventory.StorageDomains.All() {
			w.checkDomain(domain)
			w.sweepDomain(domain.ID)
			w.measureDisks(domain.ID)
		}
		timer := time.NewTimer(max(w.values.Duration("StorageCheckInterval"), time.Second))
		select {
		case <-timer.C:
		case <-w.base.Done():
			timer.Stop()
			return
		}
	}
}

func (w *Watcher) checkDomain(domain *model.StorageDomain) {
	if domain.Status != model.StorageDomainActive && domain.Status != model.StorageDomainInactive {
		return
	}
	bounded, cancel := context.WithTimeout(w.base, w.values.Duration("HostCallTimeout"))
	defer cancel()
	failure := w.Engine.Images.Check(bounded, domain)
	if w.base.Err() != nil {
		return
	}
	status, code := model.StorageDomainActive, audit.DomainActive
	if failure != nil {
		status, code = model.StorageDomainInactive, audit.DomainInactive
	}
	if status == domain.Status {
		return
	}
	err := w.inventory.Update(w.base, func(tx *inventory.Tx) error {
		edited, ok := tx.StorageDomains.Edit(domain.ID)
		if !ok || edited.Status != domain.Status {
			return nil
		}
		edited.Status, edited.StatusDetail, edited.Since = status, sentence(failure), time.Now().UTC()
		tx.Event(audit.New(code, audit.About{Domain: edited, Detail: edited.StatusDetail}))
		return nil
	})
	w.wrote(err)
}

// measureDisks keeps the sizes that disks really take (actual_size) true. A disk
// that is being made or changed is its job's.
func (w *Watcher) measureDisks(id model.ID) {
	domain, ok := w.inventory.StorageDomains.Get(id)
	if !ok || domain.Status != model.StorageDomainActive || domain.Type != model.StorageDomainData {
		return
	}
	sizes := make(map[model.ID]int64)
	for _, disk := range w.inventory.Disks.All() {
		if disk.StorageDomain != id || disk.Status != model.DiskOK || w.base.Err() != nil {
			continue
		}
		bounded, cancel := context.WithTimeout(w.base, w.values.Duration("HostCallTimeout"))
		occupied, err := w.Engine.Images.Occupied(bounded, domain, disk.ID)
		cancel()
		if err != nil {
			w.Log.Debug("a disk could not be measured", "disk", disk.ID, "err", err)
			continue
		}
		if occupied != disk.ActualSize {
			sizes[disk.ID] = occupied
		}
	}
	if len(sizes) == 0 {
		return
	}
	w.wrote(w.inventory.Update(w.base, func(tx *inventory.Tx) error {
		for disk, size := range sizes {
			if edited, ok := tx.Disks.Edit(disk); ok && edited.Status == model.DiskOK {
				edited.ActualSize = size
			}
		}
		return nil
	}))
}
