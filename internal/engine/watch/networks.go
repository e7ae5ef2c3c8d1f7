package watch

import (
	"context"
	"reflect"

	"vireo/internal/inventory"
	"vireo/internal/model"
)

// seeNetworks reads again what networks and bridges a host has: no event tells of a
// bridge that its administrator has made. A host that does not answer keeps what was
// last seen.
func (w *Watcher) seeNetworks(ctx context.Context, id model.ID) {
	watched := w.machine(id)
	conn, err := w.Connected(id)
	if err != nil || !watched.seeing.TryLock() {
		return
	}
	defer watched.seeing.Unlock()
	bounded, cancel := context.WithTimeout(ctx, w.values.Duration("HostCallTimeout"))
	defer cancel()
	now, err := conn.Networks(bounded)
	if err != nil {
		if w.base.Err() == nil {
			w.Log.DebugContext(ctx, "the networks of this host could not be read", "host", id, "err", err)
		}
		return
	}
	known, exists := w.inventory.Hosts.Get(id)
	if !exists || sameNetworks(known.Facts, now) {
		return
	}
	w.wrote(w.inventory.Update(ctx, func(tx *inventory.Tx) error {
		if edited, ok := tx.Hosts.Edit(id); ok {
			edited.Facts.TakeNetworks(now)
		}
		return nil
	}))
}

func sameNetworks(a, b model.HostFacts) bool {
	return reflect.DeepEqual([]any{a.Networks, a.NetworkVLANs, a.Bridges, a.NICs}, []any{b.Networks, b.NetworkVLANs, b.Bridges, b.NICs})
}
