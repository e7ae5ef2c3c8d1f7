package watch

import (
	"context"
	"errors"
	"slices"

	"vireo/internal/host"
	"vireo/internal/model"
)

// heardOfForeign has a guest looked at of which a host tells and that is no VM there.
func (w *Watcher) heardOfForeign(m *machine, guest model.ID) {
	w.mu.Lock()
	w.outside[guest] = m.id
	w.mu.Unlock()
	w.outsiders.ask(guest)
}

// reviewForeign has every guest looked at that is nobody's, or was: what was listed may be
// older than what was heard of since.
func (w *Watcher) reviewForeign(m *machine, listed []host.Guest) {
	for _, guest := range slices.Concat(listed, w.Engine.Foreign(m.id)) {
		if !guest.Ours || guest.Engine != w.Engine.ID {
			w.heardOfForeign(m, guest.ID)
		}
	}
}

// lookForeign keeps the list of guests that are nobody's here true about one of them.
func (w *Watcher) lookForeign(ctx context.Context, id model.ID) {
	w.mu.Lock()
	on, asked := w.outside[id]
	delete(w.outside, id)
	w.mu.Unlock()
	watched := w.machine(on)
	conn, err := w.Connected(on)
	if !asked || watched == nil || err != nil {
		return // all are listed when the host is connected again
	}
	bounded, cancel := context.WithTimeout(ctx, w.values.Duration("HostCallTimeout"))
	defer cancel()
	guest, err := conn.Guest(bounded, id)
	watched.mu.Lock()
	defer watched.mu.Unlock()
	switch {
	case watched.conn != conn: // it was lost, and the list with it
	case errors.Is(err, host.ErrNotFound):
		w.Engine.ForgetForeign(on, id)
	case err == nil:
		w.Engine.SeeForeign(on, guest)
	default:
		w.Log.DebugContext(ctx, "a guest that is nobody's could not be looked at", "host", on, "guest", id, "err", err)
	}
}
