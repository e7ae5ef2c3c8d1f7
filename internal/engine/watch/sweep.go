package watch

import (
	"context"

	"vireo/internal/model"
	"vireo/internal/storagecheck"
)

// sweepDomain removes, once in an engine's life and as soon as a storage domain is
// active, what work that was killed has left there and nobody takes up again:
// temporary files from before this engine was started, and image groups whose
// removal was begun. What a job is at work on, or what is recorded, is left alone.
func (w *Watcher) sweepDomain(id model.ID) {
	domain, ok := w.inventory.StorageDomains.Get(id)
	if !ok || domain.Status != model.StorageDomainActive || w.wasSwept(id, false) {
		return
	}
	bounded, cancel := context.WithTimeout(w.base, w.values.Duration("HostCallTimeout"))
	defer cancel()
	removed, err := w.Engine.Images.Sweep(bounded, domain, w.begun, func(group model.ID, removing bool) bool {
		_, recorded := w.inventory.Disks.Get(group)
		return removing && recorded || storagecheck.AtWork(w.inventory)[group]
	})
	if len(removed) > 0 {
		w.Log.InfoContext(w.base, "what killed work had left was removed", "storage_domain", id, "paths", removed)
	}
	if err != nil {
		w.Log.WarnContext(w.base, "not all that killed work had left could be removed", "storage_domain", id, "err", err)
		return
	}
	w.wasSwept(id, true)
}

// wasSwept says whether a domain was swept before, and may record that it is now.
func (w *Watcher) wasSwept(id model.ID, now bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := w.swept[id]
	w.swept[id] = before || now
	return before
}
