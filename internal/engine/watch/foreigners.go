package watch

import (
	"context"
	"errors"

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

// lookForeign keeps the list of guests that are nobody's here true about one of them.
func (w *Watcher) lookForeign(ctx context.Context, id model.ID) {
	w.mu.Lock()
	on, asked := w.outside[id]
	delete(w.outside, id)
	w.mu.Unlock()
	conn, err := w.Connected(on)
	if !asked || err != nil {
		return // all are listed when the host is connected again
	}
	bounded, cancel := context.WithTimeout(ctx, w.values.Duration("HostCallTimeout"))
	defer cancel()
	guest, err := conn.Guest(bounded, id)
	switch {
	case errors.Is(err, host.ErrNotFound):
		w.Engine.ForgetForeign(on, id)
	case err == nil:
		w.Engine.SeeForeign(on, guest)
	default:
		w.Log.DebugContext(ctx, "a guest that is nobody's could not be looked at", "host", on, "guest", id, "err", err)
	}
}
